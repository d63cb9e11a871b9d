//! Shapes that older Fly files have, turned into those of today.
//!
//! What does not look like one of them is left as it is; the reader then says
//! what is wrong with it.

use crate::origin::Origin;
use crate::tree::{Content, Entry, Node, Table};

/// Turns every old shape in the file into its present one.
pub(crate) fn modernise(root: &mut Table) {
    env(root);
    processes(root);
    experimental(root);
    renamed_arrays(root);
    build(root);
    checks(root);
    services(root);
}

/// `[[env]]`: the tables are merged, later ones win.
fn env(root: &mut Table) {
    let Some(node) = root.get_mut("env") else {
        return;
    };
    let Content::Array(nodes) = &node.content else {
        return;
    };
    let mut merged = Table::default();
    for node in nodes {
        let Content::Table(table) = &node.content else {
            return;
        };
        for entry in &table.entries {
            merged.take(&entry.key);
            merged.entries.push(entry.clone());
        }
    }
    node.content = Content::Table(merged);
}

/// `[[processes]]` with `name` and `command`.
fn processes(root: &mut Table) {
    if let Some(node) = root.get_mut("processes") {
        by_name(node, |mut table| {
            table.take("command").map(|entry| entry.node)
        });
    }
}

/// An array of tables that have a `name` becomes a table of what `rest` makes
/// of them, if it can for each.
fn by_name(node: &mut Node, rest: impl Fn(Table) -> Option<Node>) {
    let Content::Array(nodes) = &node.content else {
        return;
    };
    let mut named = Table::default();
    for node in nodes {
        let Content::Table(table) = &node.content else {
            return;
        };
        let mut table = table.clone();
        let Some(Entry { node: name, .. }) = table.take("name") else {
            return;
        };
        let Content::String(key) = name.content else {
            return;
        };
        let Some(node) = rest(table) else { return };
        let origin = name.origin;
        named.take(&key);
        named.entries.push(Entry { key, origin, node });
    }
    if !named.entries.is_empty() {
        node.content = Content::Table(named);
    }
}

fn experimental(root: &mut Table) {
    let Some(Node {
        content: Content::Table(table),
        ..
    }) = root.get_mut("experimental")
    else {
        return;
    };
    for name in ["cmd", "entrypoint", "exec"] {
        if let Some(node) = table.get_mut(name)
            && matches!(node.content, Content::String(_))
        {
            node.content = Content::Array(vec![node.clone()]);
        }
    }
    let kill_timeout = table.take("kill_timeout");
    let port = table.take("metrics_port");
    let path = table.take("metrics_path");
    if let Some(entry) = kill_timeout.filter(|_| root.get("kill_timeout").is_none()) {
        root.entries.push(entry);
    }
    let mut metrics = Table::default();
    for (name, entry) in [("port", port), ("path", path)] {
        if let Some(entry) = entry {
            metrics.put(name, entry.node);
        }
    }
    if let Some(first) = metrics.entries.first()
        && root.get("metrics").is_none()
    {
        let origin = first.origin.clone();
        let content = Content::Table(metrics);
        root.put("metrics", Node { origin, content });
    }
}

/// `compute`, `computes`, `vm`: all are `[[vm]]`, and so on; a single table is
/// an array of one.
fn renamed_arrays(root: &mut Table) {
    for (name, old) in [
        ("vm", &["compute", "computes"][..]),
        ("mounts", &["mount"]),
        ("metrics", &["metric"]),
    ] {
        let mut gathered = Vec::new();
        let mut origin: Option<Origin> = None;
        for name in old.iter().chain([&name]) {
            let Some(node) = root.get(name) else { continue };
            let nodes = match &node.content {
                Content::Array(nodes) => nodes.clone(),
                Content::Table(_) => vec![node.clone()],
                _ => continue,
            };
            origin.get_or_insert(node.origin.clone());
            gathered.extend(nodes);
            root.take(name);
        }
        if let Some(origin) = origin {
            let content = Content::Array(gathered);
            root.put(name, Node { origin, content });
        }
    }
}

fn build(root: &mut Table) {
    if let Some(Node {
        content: Content::Table(table),
        ..
    }) = root.get_mut("build")
        && table.get("build-target").is_none()
        && let Some(entry) = table
            .entries
            .iter_mut()
            .find(|entry| entry.key == "build_target")
    {
        entry.key = "build-target".to_owned();
    }
}

fn checks(root: &mut Table) {
    let Some(node) = root.get_mut("checks") else {
        return;
    };
    let origin = node.origin.clone();
    by_name(node, |table| {
        Some(Node {
            origin: origin.clone(),
            content: Content::Table(table),
        })
    });
    if let Content::Table(checks) = &mut node.content {
        for entry in &mut checks.entries {
            headers(&mut entry.node);
        }
    }
}

fn services(root: &mut Table) {
    if let Some(node) = root.get_mut("http_service") {
        service(node);
    }
    if let Some(Node {
        content: Content::Array(nodes),
        ..
    }) = root.get_mut("services")
    {
        nodes.iter_mut().for_each(service);
    }
}

fn service(node: &mut Node) {
    let Content::Table(table) = &mut node.content else {
        return;
    };
    if let Some(node) = table.get_mut("concurrency") {
        concurrency(node);
    }
    if let Some(node) = table.get_mut("auto_stop_machines")
        && let Content::Boolean(stop) = node.content
    {
        node.content = Content::String(if stop { "stop" } else { "off" }.to_owned());
    }
    for name in ["checks", "http_checks"] {
        if let Some(Node {
            content: Content::Array(checks),
            ..
        }) = table.get_mut(name)
        {
            checks.iter_mut().for_each(headers);
        }
    }
}

/// `concurrency = "20,25"`: soft and hard limit, of requests.
fn concurrency(node: &mut Node) {
    let Content::String(text) = &node.content else {
        return;
    };
    let Some((soft, hard)) = text.split_once(',') else {
        return;
    };
    let (Ok(soft), Ok(hard)) = (soft.trim().parse(), hard.trim().parse()) else {
        return;
    };
    let at = |content| Node {
        origin: node.origin.clone(),
        content,
    };
    let mut table = Table::default();
    table.put("type", at(Content::String("requests".to_owned())));
    table.put("soft_limit", at(Content::Integer(soft)));
    table.put("hard_limit", at(Content::Integer(hard)));
    node.content = Content::Table(table);
}

/// `headers = [{ name = "X", value = "y" }]`.
fn headers(check: &mut Node) {
    if let Content::Table(table) = &mut check.content
        && let Some(node) = table.get_mut("headers")
    {
        by_name(node, |mut table| {
            table.take("value").map(|entry| entry.node)
        });
    }
}
