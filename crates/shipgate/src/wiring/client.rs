//! What the databases' clients take from this process's surroundings.

use std::path::PathBuf;

use shipgate_database::ClientSettings;

/// This process's environment, home and user.
pub(crate) fn client_settings() -> ClientSettings {
    ClientSettings {
        variables: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        home: std::env::var_os("HOME").map(PathBuf::from),
        user: std::env::var("USER")
            .or_else(|_| std::env::var("LOGNAME"))
            .ok(),
        password: None,
    }
}
