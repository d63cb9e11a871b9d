//! Health checks: `[[http_service.checks]]`, `[[services.*_checks]]`,
//! `[checks.NAME]`; and `[[machine_checks]]`.

use std::time::Duration;

use crate::command::CommandLine;
use crate::diagnostic::{Complaint, Fault};
use crate::duration::{self, Bare};
use crate::origin::{Origin, Sourced};
use crate::reader::Section;
use crate::sections::signal::Signal;
use crate::value::{Port, Text, quoted, words};

const TLS: &str = "machines are asked over plain HTTP on 127.0.0.1";

/// Keys that HTTP checks alone have a use for.
const HTTP_KEYS: [&str; 6] = [
    "method",
    "path",
    "headers",
    "protocol",
    "tls_skip_verify",
    "tls_server_name",
];

/// One health check.
#[derive(Clone, Debug)]
pub struct Check {
    /// What reports call it: the name of `[checks.NAME]`, or the question
    /// itself (`http GET /healthz`, `tcp`).
    pub name: String,
    /// Where it is written.
    pub origin: Origin,
    /// What it asks.
    pub probe: CheckProbe,
    /// `port` (of `[checks.NAME]` alone). None: the service's.
    pub port: Option<Sourced<u16>>,
    /// `interval` from one check to the next, default 15s.
    pub interval: Sourced<Duration>,
    /// `timeout` of one answer, default 2s.
    pub timeout: Sourced<Duration>,
    /// `grace_period` after the start in which failures do not count, default 1s.
    pub grace_period: Sourced<Duration>,
    /// `processes` (of `[checks.NAME]` alone): the groups it belongs to.
    pub processes: Vec<Sourced<String>>,
}

/// What a check asks.
#[derive(Clone, Debug)]
pub enum CheckProbe {
    /// Whether a connection is accepted.
    Tcp,
    /// Whether a request is answered with a status from 200 to 299.
    Http {
        /// `method`, default `GET`, upper case.
        method: String,
        /// `path`, default `/`.
        path: String,
        /// `headers`, in the order of the file.
        headers: Vec<(String, String)>,
    },
}

/// `type` of a `[checks.NAME]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckType {
    Http,
    Tcp,
}

impl CheckType {
    fn probe(self, section: &mut Section<'_>) -> CheckProbe {
        match self {
            Self::Http => http(section),
            Self::Tcp => {
                for name in HTTP_KEYS {
                    section.opaque(name, "a tcp check asks for nothing");
                }
                CheckProbe::Tcp
            }
        }
    }
}

words!(pub(crate) CheckType, "\"http\" or \"tcp\"", "a type of check", { "http" => Http, "tcp" => Tcp });

/// `protocol` of an HTTP check.
#[derive(Clone, Copy)]
enum HttpProtocol {
    Http,
    Https,
}

words!(pub(self) HttpProtocol, "\"http\" or \"https\"", "a protocol of checks", { "http" => Http, "https" => Https });

impl Check {
    /// A check of a service.
    pub(crate) fn of_service(section: &mut Section<'_>, kind: CheckType) -> Self {
        let probe = kind.probe(section);
        let mut check = Self::timed(section, question(&probe), probe);
        check.processes.clear();
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        clamp(section, "interval", &mut check.interval, second, minute);
        clamp(section, "timeout", &mut check.timeout, second, minute);
        check
    }

    /// A `[checks.NAME]`; `None` if its type is missing or unknown.
    pub(crate) fn named(section: &mut Section<'_>, name: &str) -> Option<Self> {
        let kind = section.require::<CheckType>("type", "type = \"http\" or type = \"tcp\"");
        let probe = match &kind {
            Some(kind) => kind.probe(section),
            None => http(section),
        };
        let port = section.get::<Port>("port");
        let processes = section.list("processes").unwrap_or_default();
        let mut check = Self::timed(section, name.to_owned(), probe);
        check.processes = processes;
        check.port = port.map(|port| Sourced {
            value: port.value.0,
            origin: port.origin,
        });
        check.check_limits(section);
        kind.map(|_| check)
    }

    fn timed(section: &mut Section<'_>, name: String, probe: CheckProbe) -> Self {
        let bare = Bare::Milliseconds;
        section.opaque("restart_limit", "Fly ignores it too");
        Self {
            name,
            origin: section.origin().clone(),
            probe,
            port: None,
            interval: section.duration_or("interval", bare, Duration::from_secs(15)),
            timeout: section.duration_or("timeout", bare, Duration::from_secs(2)),
            grace_period: section.duration_or("grace_period", bare, Duration::from_secs(1)),
            processes: Vec::new(),
        }
    }

    fn check_limits(&self, section: &mut Section<'_>) {
        let (interval, timeout) = (&self.interval, &self.timeout);
        if **interval < Duration::from_secs(2) {
            let shown = duration::show(**interval);
            let complaint = Complaint::new(format!("{shown} is too short")).hint("2s or more");
            section.error(&interval.origin, "interval", Fault::BadValue, complaint);
        }
        if **timeout > Duration::from_secs(60) {
            let shown = duration::show(**timeout);
            let complaint = Complaint::new(format!("{shown} is too long")).hint("60s or less");
            section.error(&timeout.origin, "timeout", Fault::BadValue, complaint);
        }
    }
}

fn question(probe: &CheckProbe) -> String {
    match probe {
        CheckProbe::Tcp => "tcp".to_owned(),
        CheckProbe::Http { method, path, .. } => format!("http {method} {path}"),
    }
}

fn http(section: &mut Section<'_>) -> CheckProbe {
    let method = section.get_or("method", "GET".to_owned());
    let path = section.get_or("path", "/".to_owned());
    let headers = section
        .map::<Text>("headers")
        .into_iter()
        .map(|(name, value)| (name, value.value.0))
        .collect();
    if let Some(protocol) = section.get::<HttpProtocol>("protocol")
        && matches!(protocol.value, HttpProtocol::Https)
    {
        section.ignore(&protocol.origin, "protocol", TLS);
    }
    section.get_ignored::<bool>("tls_skip_verify", TLS);
    section.get_ignored::<String>("tls_server_name", TLS);
    check_request(section, &method, &path);
    CheckProbe::Http {
        method: method.to_ascii_uppercase(),
        path: path.value,
        headers,
    }
}

fn check_request(section: &mut Section<'_>, method: &Sourced<String>, path: &Sourced<String>) {
    if method.is_empty() || !method.chars().all(|letter| letter.is_ascii_alphabetic()) {
        let complaint = Complaint::new(format!("`{}` is no HTTP method", method.value))
            .hint("a method such as \"GET\" or \"HEAD\"");
        section.error(&method.origin, "method", Fault::BadValue, complaint);
    }
    let unfit = |letter: char| letter.is_whitespace() || letter.is_control();
    if !path.starts_with('/') || path.contains(unfit) {
        let complaint = Complaint::new(format!("`{}` is no path to ask for", path.value))
            .hint("a path that begins with `/` and has no blanks, as in \"/healthz\"");
        section.error(&path.origin, "path", Fault::BadValue, complaint);
    }
}

fn clamp(
    section: &mut Section<'_>,
    name: &'static str,
    value: &mut Sourced<Duration>,
    least: Duration,
    most: Duration,
) {
    let written = value.value;
    let (taken, wrong) = match written {
        shorter if shorter < least => (least, "short"),
        longer if longer > most => (most, "long"),
        _ => return,
    };
    value.value = taken;
    let shown = duration::show(taken);
    section.takes_instead(name, &quoted(&shown));
    let complaint = Complaint::new(format!(
        "{} is too {wrong} for a service check; {shown} is taken",
        duration::show(written)
    ));
    section.warn(&value.origin, name, Fault::BadValue, complaint);
}

/// `[[machine_checks]]`: a command that tries out a new machine on Fly.
#[derive(Clone, Debug)]
pub struct MachineCheck {
    /// `command`, word by word.
    pub command: CommandLine,
    /// `image` to run it in. None: the app's.
    pub image: Option<Sourced<String>>,
    /// `entrypoint`, word by word.
    pub entrypoint: Option<Vec<Sourced<String>>>,
    /// `kill_signal`.
    pub kill_signal: Option<Sourced<Signal>>,
    /// `kill_timeout`.
    pub kill_timeout: Option<Sourced<Duration>>,
}

impl MachineCheck {
    /// `None` if there is no command.
    pub(crate) fn read(section: &mut Section<'_>) -> Option<Self> {
        let at = section.origin().clone();
        section.ignore(
            &at,
            "",
            "local machines are tried out by their health checks alone",
        );
        let command = section.list::<String>("command");
        if command.as_ref().is_none_or(Vec::is_empty) {
            section.missing("command", "command = [\"program\", \"argument\"]");
        }
        let check = Self {
            command: CommandLine::literal(
                command.iter().flatten().map(|word| word.value.as_str()),
                at,
            ),
            image: section.get("image"),
            entrypoint: section.list("entrypoint"),
            kill_signal: section.get("kill_signal"),
            kill_timeout: section.duration("kill_timeout", Bare::Seconds),
        };
        (!check.command.is_empty()).then_some(check)
    }
}
