//! `[http_service]` and `[[services]]`: what listens, and how it is asked.

use crate::diagnostic::{Complaint, Fault};
use crate::origin::{Origin, Sourced};
use crate::reader::Section;
use crate::sections::check::{Check, CheckType, MachineCheck};
use crate::value::{Port, words};

const ALWAYS_ON: &str = "local machines run until they are stopped";
const ONE_DOOR: &str = "the front door listens at [runtime] listen, without TLS";

/// A service: `[http_service]`, or one of `[[services]]`.
#[derive(Clone, Debug)]
pub struct Service {
    /// Where it is written.
    pub origin: Origin,
    /// `protocol`, default `tcp`.
    pub protocol: Sourced<Protocol>,
    /// `internal_port`, default 8080: where the app listens on Fly. A local
    /// machine is told its own in `PORT`.
    pub internal_port: Sourced<u16>,
    /// `ports`; those of an `[http_service]` are 80 and 443.
    pub ports: Vec<ServicePort>,
    /// `concurrency`.
    pub concurrency: Concurrency,
    /// `checks`, `tcp_checks` and `http_checks`.
    pub checks: Vec<Check>,
    /// `machine_checks`.
    pub machine_checks: Vec<MachineCheck>,
    /// `processes`: its groups. None named: the default group.
    pub processes: Vec<Sourced<String>>,
    /// `force_https`.
    pub force_https: Option<Sourced<bool>>,
    /// `auto_stop_machines`.
    pub auto_stop_machines: Option<Sourced<AutoStop>>,
    /// `auto_start_machines`.
    pub auto_start_machines: Option<Sourced<bool>>,
    /// `min_machines_running`.
    pub min_machines_running: Option<Sourced<u32>>,
}

/// `protocol` of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

words!(pub Protocol, "\"tcp\" or \"udp\"", "a protocol of services", { "tcp" => Tcp, "udp" => Udp });

/// `auto_stop_machines`; `true` and `false` are `stop` and `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoStop {
    /// Machines run on.
    Off,
    /// Idle ones are stopped.
    Stop,
    /// Idle ones are suspended.
    Suspend,
}

words!(pub AutoStop, "\"off\", \"stop\" or \"suspend\"", "a way to treat idle machines", {
    "off" => Off,
    "stop" => Stop,
    "suspend" => Suspend,
});

/// What a concurrency limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConcurrencyType {
    /// Open connections. The default.
    Connections,
    /// Requests being answered.
    Requests,
}

words!(pub ConcurrencyType, "\"connections\" or \"requests\"", "a kind of concurrency", {
    "connections" => Connections,
    "requests" => Requests,
});

/// `concurrency`: how much one machine is given at a time.
#[derive(Clone, Debug)]
pub struct Concurrency {
    /// `type`, default `connections`.
    pub kind: Sourced<ConcurrencyType>,
    /// `soft_limit`, default 20: other machines are preferred beyond it.
    pub soft_limit: Sourced<u32>,
    /// `hard_limit`: nothing more is given beyond it. None: no limit.
    pub hard_limit: Option<Sourced<u32>>,
}

impl Concurrency {
    fn read(section: &mut Section<'_>) -> Self {
        let concurrency = Self {
            kind: section.get_or("type", ConcurrencyType::Connections),
            soft_limit: section.get_or("soft_limit", 20),
            hard_limit: section.get("hard_limit"),
        };
        if let Some(hard) = &concurrency.hard_limit {
            if hard.value == 0 {
                let complaint = Complaint::new("a hard limit of 0 lets no request in")
                    .hint("a number from 1 on, or no hard_limit at all");
                section.error(&hard.origin, "hard_limit", Fault::BadValue, complaint);
            } else if concurrency.soft_limit.is_set() && *concurrency.soft_limit > hard.value {
                let complaint = Complaint::new(format!(
                    "soft_limit {} is above hard_limit {} and never reached",
                    *concurrency.soft_limit, hard.value
                ));
                let at = concurrency.soft_limit.origin.clone();
                section.warn(&at, "soft_limit", Fault::Conflict, complaint);
            }
        }
        concurrency
    }
}

/// One of `[[services.ports]]`.
#[derive(Clone, Debug)]
pub struct ServicePort {
    /// `port`, or `start_port`.
    pub first: u16,
    /// `port`, or `end_port`.
    pub last: u16,
    /// `handlers`: `http`, `tls`, ...
    pub handlers: Vec<String>,
    /// `force_https`.
    pub force_https: bool,
}

impl ServicePort {
    fn read(section: &mut Section<'_>) -> Option<Self> {
        let has = |name| section.place_of(name).is_some();
        let (single, range) = (has("port"), has("start_port") || has("end_port"));
        let port = section.get::<Port>("port").map(|port| port.value.0);
        let start = section.get::<Port>("start_port").map(|port| port.value.0);
        let end = section.get::<Port>("end_port").map(|port| port.value.0);
        let handlers = section.list::<String>("handlers").unwrap_or_default();
        let force_https = section
            .get::<bool>("force_https")
            .is_some_and(|force| force.value);
        for options in ["tls_options", "http_options", "proxy_proto_options"] {
            section.opaque(options, ONE_DOOR);
        }
        let at = section.origin().clone();
        let (first, last) = match (port, start, end) {
            (Some(port), None, None) if !range => (port, port),
            (None, Some(start), Some(end)) if !single && start <= end => (start, end),
            (None, Some(_), Some(_)) if !single => {
                let complaint = Complaint::new("`start_port` is above `end_port`");
                section.error(&at, "", Fault::Conflict, complaint);
                return None;
            }
            _ if !single && !range => {
                section.missing("port", "port = 443");
                return None;
            }
            // What is there is wrong, and that was said.
            _ if single != range => return None,
            _ => {
                let complaint =
                    Complaint::new("a port is either `port` or `start_port` with `end_port`");
                section.error(&at, "", Fault::Conflict, complaint);
                return None;
            }
        };
        Some(Self {
            first,
            last,
            handlers: handlers.into_iter().map(|handler| handler.value).collect(),
            force_https,
        })
    }
}

impl Service {
    /// Reads `[http_service]`.
    pub(crate) fn http(section: &mut Section<'_>) -> Self {
        let mut service = Self::read(section);
        service.force_https = section.get_ignored("force_https", ONE_DOOR);
        service.checks =
            section.tables("checks", |check| Check::of_service(check, CheckType::Http));
        section.opaque("tls_options", ONE_DOOR);
        section.opaque("http_options", ONE_DOOR);
        let port = |number, handlers: &[&str]| ServicePort {
            first: number,
            last: number,
            handlers: handlers
                .iter()
                .map(|handler| (*handler).to_owned())
                .collect(),
            force_https: number == 80
                && service
                    .force_https
                    .as_ref()
                    .is_some_and(|force| force.value),
        };
        service.ports = vec![port(80, &["http"]), port(443, &["tls", "http"])];
        service
    }

    /// Reads one of `[[services]]`.
    pub(crate) fn general(section: &mut Section<'_>) -> Self {
        let protocol = section.get_or("protocol", Protocol::Tcp);
        let ports_at = section.place_of("ports");
        let ports = section.tables("ports", ServicePort::read);
        let mut service = Self::read(section);
        service.protocol = protocol;
        service.ports = ports.into_iter().flatten().collect();
        service.checks = section.tables("tcp_checks", |check| {
            Check::of_service(check, CheckType::Tcp)
        });
        service
            .checks
            .extend(section.tables("http_checks", |check| {
                Check::of_service(check, CheckType::Http)
            }));
        section.opaque("script_checks", "Fly ignores it too");
        if *service.protocol == Protocol::Udp {
            let at = service.protocol.origin.clone();
            section.ignore(&at, "protocol", "the front door speaks HTTP alone");
        }
        match ports_at {
            Some(at) => section.ignore(&at, "ports", ONE_DOOR),
            None => {
                let at = section.origin().clone();
                let complaint = Complaint::new(
                    "this service has no ports; on Fly nothing reaches it from outside",
                );
                section.warn(&at, "ports", Fault::Missing, complaint);
            }
        }
        service
    }

    fn read(section: &mut Section<'_>) -> Self {
        let port = section.get_or("internal_port", Port(8080));
        Self {
            origin: section.origin().clone(),
            protocol: Sourced::default(Protocol::Tcp),
            internal_port: Sourced {
                value: port.value.0,
                origin: port.origin,
            },
            ports: Vec::new(),
            concurrency: section.table("concurrency", Concurrency::read),
            checks: Vec::new(),
            machine_checks: section
                .tables("machine_checks", MachineCheck::read)
                .into_iter()
                .flatten()
                .collect(),
            processes: section.list("processes").unwrap_or_default(),
            force_https: None,
            auto_stop_machines: section.get_ignored("auto_stop_machines", ALWAYS_ON),
            auto_start_machines: section.get_ignored("auto_start_machines", ALWAYS_ON),
            min_machines_running: section.get_ignored("min_machines_running", ALWAYS_ON),
        }
    }
}
