//! Which section belongs to which process group.

use shipgate_project::{CheckPort, Loaded, Project, RestartPolicy, Source, parse};

const MIB: u64 = 1024 * 1024;

fn loaded(text: &str) -> Loaded {
    parse(Source::new("fly.toml", text), &[]).unwrap_or_else(|invalid| panic!("{invalid}"))
}

fn project(text: &str) -> Project {
    loaded(text).project
}

#[test]
fn an_app_without_processes_has_the_group_app() {
    let project = project("[http_service]\n[experimental]\ncmd = \"serve\"\n");
    assert_eq!(project.group_names(), ["app"]);
    let group = project.group("app").unwrap();
    assert_eq!(group.services.len(), 1);
    assert_eq!(group.machines, 1);
    assert_eq!(group.command.unwrap().to_string(), "serve");
}

#[test]
fn the_default_group_is_app_or_else_the_first_by_name() {
    let named = project("[processes]\nzoo = \"z\"\napp = \"a\"\nant = \"b\"\n");
    assert_eq!(named.default_group(), "app");
    let unnamed = project("[processes]\nzoo = \"z\"\nbee = \"b\"\n");
    assert_eq!(unnamed.default_group(), "bee");
}

#[test]
fn a_section_without_processes_belongs_to_the_default_group_alone() {
    let project = project(
        r#"
        [processes]
        web = "w"
        worker = "k"
        [http_service]
        [mounts]
        source = "data"
        destination = "/data"
        [[restart]]
        policy = "always"
        "#,
    );
    let web = project.group("web").unwrap();
    let worker = project.group("worker").unwrap();
    assert_eq!((web.services.len(), worker.services.len()), (1, 0));
    assert_eq!((web.mounts.len(), worker.mounts.len()), (1, 0));
    assert_eq!(web.restart, RestartPolicy::Always);
    assert_eq!(
        (worker.restart, worker.retries),
        (RestartPolicy::OnFailure, Some(10))
    );
}

#[test]
fn a_vm_without_processes_is_for_all_and_a_group_of_its_own_wins() {
    let project = project(
        r#"
        [processes]
        web = "w"
        worker = "k"
        [[vm]]
        memory = "1gb"
        processes = ["worker"]
        [[vm]]
        size = "shared-cpu-2x"
        "#,
    );
    assert_eq!(project.group("web").unwrap().memory_limit, Some(512 * MIB));
    assert_eq!(
        project.group("worker").unwrap().memory_limit,
        Some(1024 * MIB)
    );
    assert_eq!(project.release_memory_limit(), Some(512 * MIB));
}

#[test]
fn memory_overrides_the_size_it_stands_beside() {
    let project = project("[vm]\nsize = \"performance-1x\"\nmemory_mb = 4096\n");
    assert_eq!(project.group("app").unwrap().memory_limit, Some(4096 * MIB));
}

#[test]
fn the_release_command_has_a_memory_of_its_own_if_it_says_so() {
    let project =
        project("[vm]\nmemory = \"1gb\"\n[deploy.release_command_vm]\nmemory = \"2gb\"\n");
    assert_eq!(project.release_memory_limit(), Some(2048 * MIB));
}

#[test]
fn without_a_vm_memory_is_not_limited() {
    let project = project("app = \"a\"\n");
    assert_eq!(project.group("app").unwrap().memory_limit, None);
    assert_eq!(project.release_memory_limit(), None);
}

#[test]
fn checks_of_the_service_port_ask_the_machines_own_port() {
    let project = project(
        r#"
        [http_service]
        internal_port = 3000
        [[http_service.checks]]
        path = "/up"
        [checks.same]
        type = "tcp"
        port = 3000
        [checks.none]
        type = "tcp"
        [checks.other]
        type = "http"
        port = 9090
        "#,
    );
    let group = project.group("app").unwrap();
    let ports: Vec<_> = group
        .checks
        .iter()
        .map(|check| (check.check.name.as_str(), check.port))
        .collect();
    assert_eq!(
        ports,
        [
            ("http GET /up", CheckPort::Machine),
            ("same", CheckPort::Machine),
            ("none", CheckPort::Machine),
            ("other", CheckPort::Fixed(9090)),
        ]
    );
}

#[test]
fn the_entrypoint_precedes_commands_and_exec_replaces_both() {
    let text = "[processes]\napp = \"serve\"\n[runtime]\nentrypoint = \"./env.sh -e\"\n[deploy]\nrelease_command = \"migrate\"\n";
    let ours = project(text);
    assert_eq!(
        ours.group("app").unwrap().command.unwrap().to_string(),
        "./env.sh -e serve"
    );
    assert_eq!(
        ours.release_command().unwrap().to_string(),
        "./env.sh -e migrate"
    );

    let exec = project(&format!(
        "{text}[experimental]\nentrypoint = [\"/tini\"]\nexec = [\"run\"]\n"
    ));
    assert_eq!(
        exec.group("app").unwrap().command.unwrap().to_string(),
        "run"
    );
    assert_eq!(exec.release_command().unwrap().to_string(), "/tini migrate");
}

#[test]
fn an_empty_command_is_that_of_experimental_cmd() {
    let project = project("[processes]\nweb = \"\"\n[experimental]\ncmd = [\"serve\", \"a b\"]\n");
    let command = project.group("web").unwrap().command.unwrap();
    assert_eq!(command.expand(|_| None).unwrap(), ["serve", "a b"]);
}

#[test]
fn machines_are_counted_per_group() {
    let project =
        project("[processes]\nweb = \"w\"\nworker = \"k\"\n[runtime]\nmachines = { web = 3 }\n");
    let counts: Vec<_> = project
        .groups()
        .iter()
        .map(|group| (group.name, group.machines))
        .collect();
    assert_eq!(counts, [("web", 3), ("worker", 1)]);
}

#[test]
fn a_batch_is_a_count_or_a_share_and_never_nothing() {
    let batch = |share: &str, machines| {
        project(&format!("[deploy]\nmax_unavailable = {share}\n"))
            .deploy
            .batch(machines)
    };
    assert_eq!(batch("0.33", 3), 1);
    assert_eq!(batch("0.33", 4), 2);
    assert_eq!(batch("2.9", 10), 2);
    assert_eq!(batch("5", 2), 2);
    assert_eq!(batch("0.01", 0), 1);
}

#[test]
fn a_group_without_a_command_is_an_obstacle_to_local_processes() {
    let loaded = loaded("[build]\nimage = \"x\"\n[processes]\nweb = \"\"\nworker = \"w\"\n");
    let obstacles: Vec<String> = loaded.obstacles().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(obstacles.join("\n"), @r#"
    fly.toml:4:7: processes.web: process group `web` has no command, and a local process has no image to take one from
      |
    4 | web = ""
      |       ^^
    hint: add web = "./server" under [processes]
    "#);
}

#[test]
fn bluegreen_without_a_check_is_an_obstacle() {
    let text = "[processes]\napp = \"serve\"\n[deploy]\nstrategy = \"bluegreen\"\n";
    let obstacles = loaded(text).obstacles();
    assert_eq!(
        obstacles[0].message,
        "You need to define at least 1 check in order to use blue-green deployments."
    );
    let checked = format!("{text}[[http_service.checks]]\npath = \"/\"\n");
    assert!(loaded(&checked).obstacles().is_empty());
}
