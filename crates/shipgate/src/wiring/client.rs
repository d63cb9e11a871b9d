//! What the databases' clients take from this process's surroundings.

use std::path::{Path, PathBuf};

use shipgate_database::{ClientSettings, Password};

/// The variable that holds the database's password where its URL does not.
const PASSWORD: &str = "SHIPGATE_DATABASE_PASSWORD";

/// This process's environment, home and user.
pub(crate) fn client_settings() -> ClientSettings {
    let password = std::env::var(PASSWORD).ok();
    ClientSettings {
        variables: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        home: std::env::var_os("HOME").map(PathBuf::from),
        user: std::env::var("USER")
            .or_else(|_| std::env::var("LOGNAME"))
            .ok(),
        password: password
            .filter(|password| !password.is_empty())
            .map(Password::new),
    }
}

/// The password in a file, without the newline at its end. Err: what is wrong
/// with the file, in words.
pub(crate) fn read_password(file: &Path) -> Result<Password, String> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("cannot read the password in {shown}: {error}"))?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        return Err(format!("the password file {shown} is empty"));
    }
    Ok(Password::new(password))
}
