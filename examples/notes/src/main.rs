//! `notes serve`: the example app.

use std::process::ExitCode;

use notes::settings::Settings;
use notes::{VERSION, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => {}
        ["--version"] => return say(&format!("notes {VERSION}"), ExitCode::SUCCESS),
        _ => return say("usage: notes serve", ExitCode::from(2)),
    }
    let served = match Settings::from(|name| std::env::var(name).ok()) {
        Ok(settings) => serve::serve(settings).await,
        Err(error) => Err(error.into()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => say(&format!("error: {error}"), ExitCode::FAILURE),
    }
}

fn say(text: &str, code: ExitCode) -> ExitCode {
    serve::log(text);
    code
}
