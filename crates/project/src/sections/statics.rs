//! `[[statics]]` and `[[metrics]]`: what Fly's edge serves and scrapes.

use crate::origin::{Origin, Sourced};
use crate::reader::Section;
use crate::value::Port;

/// One of `[[statics]]`.
#[derive(Clone, Debug)]
pub struct Static {
    /// Where it is written.
    pub origin: Origin,
    /// `guest_path`: the directory served.
    pub guest_path: Option<Sourced<String>>,
    /// `url_prefix` under which it is served.
    pub url_prefix: Option<Sourced<String>>,
    /// `tigris_bucket`.
    pub tigris_bucket: Option<Sourced<String>>,
    /// `index_document`.
    pub index_document: Option<Sourced<String>>,
}

impl Static {
    pub(crate) fn read(section: &mut Section<'_>) -> Self {
        let at = section.origin().clone();
        section.ignore(
            &at,
            "",
            "Fly's edge serves these files; here the app serves its own",
        );
        Self {
            origin: at,
            guest_path: section.require("guest_path", "guest_path = \"/app/public\""),
            url_prefix: section.require("url_prefix", "url_prefix = \"/static\""),
            tigris_bucket: section.get("tigris_bucket"),
            index_document: section.get("index_document"),
        }
    }
}

/// One of `[[metrics]]`.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Where it is written.
    pub origin: Origin,
    /// `port`.
    pub port: Option<Sourced<u16>>,
    /// `path`.
    pub path: Option<Sourced<String>>,
    /// `https`.
    pub https: Option<Sourced<bool>>,
    /// `processes`: its groups. None named: the default group.
    pub processes: Vec<Sourced<String>>,
}

impl Metrics {
    pub(crate) fn read(section: &mut Section<'_>) -> Self {
        let at = section.origin().clone();
        section.ignore(&at, "", "Fly scrapes these; nobody does here");
        let port = section.get::<Port>("port");
        Self {
            origin: at,
            port: port.map(|port| Sourced {
                value: port.value.0,
                origin: port.origin,
            }),
            path: section.get("path"),
            https: section.get("https"),
            processes: section.list("processes").unwrap_or_default(),
        }
    }
}
