//! Commands that cannot be started: each is refused with the exact reason.

use crate::support::{Yard, within};
use shipgate_release::machine::MachineSpec;
use shipgate_runtime::process::{LaunchError, Machines, Problem, State};

/// Why the launch failed, and how to mend it.
async fn refusal(yard: &Yard, spec: &MachineSpec) -> (Problem, Option<String>) {
    let error = yard.machines.launch(spec).await.expect_err("it is refused");
    let hint = error.hint();
    match error {
        LaunchError::Command { problem, .. } => (problem, hint),
        other => panic!("unexpected: {other}"),
    }
}

#[tokio::test]
async fn a_file_without_the_executable_bit() {
    let yard = Yard::new();
    let path = yard.file("start", "#!/bin/sh\n", 0o644);
    let (problem, hint) = refusal(&yard, &yard.spec(&["./start"])).await;
    let named = yard.directory.path().join("./start");
    assert_eq!(
        problem,
        Problem::NotExecutable {
            path: named.clone()
        }
    );
    assert_eq!(hint, Some(format!("chmod +x {}", named.display())));
    assert!(path.exists());
}

#[tokio::test]
async fn a_name_that_is_nowhere_in_path() {
    let yard = Yard::new();
    let (problem, _) = refusal(&yard, &yard.spec(&["no-such-program"])).await;
    assert_eq!(
        problem.to_string(),
        "command not found: `no-such-program` is in none of: /usr/bin, /bin"
    );
}

#[tokio::test]
async fn a_path_at_which_there_is_nothing() {
    let yard = Yard::new();
    let (problem, _) = refusal(&yard, &yard.spec(&["/no/such/program"])).await;
    assert_eq!(
        problem.to_string(),
        "command not found: there is no file `/no/such/program`"
    );
}

#[tokio::test]
async fn a_script_without_a_first_line_that_names_its_shell() {
    let yard = Yard::new();
    yard.file("start", "echo hello\n", 0o755);
    let (problem, hint) = refusal(&yard, &yard.spec(&["./start"])).await;
    assert!(matches!(problem, Problem::NoShebang { .. }), "{problem}");
    assert!(hint.expect("a hint").contains("#!/bin/sh"));
}

#[tokio::test]
async fn a_script_whose_interpreter_is_missing() {
    let yard = Yard::new();
    yard.file("start", "#!/no/such/sh -e\n", 0o755);
    let (problem, _) = refusal(&yard, &yard.spec(&["./start"])).await;
    let text = problem.to_string();
    assert!(
        text.ends_with("asks for the interpreter `/no/such/sh`, which does not exist"),
        "{text}"
    );
}

#[tokio::test]
async fn a_script_with_windows_line_ends() {
    let yard = Yard::new();
    yard.file("start", "#!/bin/sh\r\necho hello\r\n", 0o755);
    let (_, hint) = refusal(&yard, &yard.spec(&["./start"])).await;
    assert!(hint.expect("a hint").contains("Windows line ends"));
}

#[tokio::test]
async fn a_binary_for_another_machine() {
    let yard = Yard::new();
    let mut binary = std::fs::read("/bin/sh").expect("readable");
    // The field that names the processor: none that exists.
    binary[18..20].copy_from_slice(&[0xff, 0x7f]);
    yard.file("start", binary, 0o755);
    let (problem, _) = refusal(&yard, &yard.spec(&["./start"])).await;
    assert!(matches!(problem, Problem::WrongFormat { .. }), "{problem}");
}

#[tokio::test]
async fn a_binary_whose_dynamic_loader_is_missing() {
    let yard = Yard::new();
    let mut binary = std::fs::read("/bin/sh").expect("readable");
    let loader = b"/lib64/ld-linux-x86-64.so.2";
    let Some(at) = binary.windows(loader.len()).position(|part| part == loader) else {
        return;
    };
    binary[at..at + 6].copy_from_slice(b"/lib99");
    yard.file("start", binary, 0o755);
    let (problem, _) = refusal(&yard, &yard.spec(&["./start"])).await;
    let text = problem.to_string();
    assert!(text.contains("`/lib99/ld-linux-x86-64.so.2`"), "{text}");
}

#[tokio::test]
async fn an_empty_file_and_a_directory() {
    let yard = Yard::new();
    yard.file("empty", "", 0o755);
    let (problem, _) = refusal(&yard, &yard.spec(&["./empty"])).await;
    assert!(matches!(problem, Problem::EmptyFile { .. }), "{problem}");
    let (problem, _) = refusal(&Yard::new(), &yard.spec(&["/tmp"])).await;
    assert!(matches!(problem, Problem::IsDirectory { .. }), "{problem}");
}

#[tokio::test]
async fn a_working_directory_that_is_missing_or_a_file() {
    let yard = Yard::new();
    let mut spec = yard.script("true");
    spec.directory = yard.path("missing");
    let (problem, _) = refusal(&yard, &spec).await;
    assert!(
        matches!(problem, Problem::DirectoryMissing { .. }),
        "{problem}"
    );

    let yard = Yard::new();
    spec.directory = yard.file("file", "", 0o644);
    let (problem, _) = refusal(&yard, &spec).await;
    assert!(
        matches!(problem, Problem::NotADirectory { .. }),
        "{problem}"
    );
}

#[tokio::test]
async fn an_empty_command_and_a_nul_byte() {
    let yard = Yard::new();
    let (problem, _) = refusal(&yard, &yard.spec(&[])).await;
    assert_eq!(problem, Problem::EmptyCommand);
    let yard = Yard::new();
    let (problem, _) = refusal(&yard, &yard.spec(&["echo", "a\0b"])).await;
    assert_eq!(problem.to_string(), "the command contains a NUL byte");
}

#[tokio::test]
async fn arguments_longer_than_the_kernel_takes() {
    let yard = Yard::new();
    let long = "x".repeat(1 << 20);
    let (problem, _) = refusal(&yard, &yard.spec(&["echo", &long])).await;
    assert_eq!(problem, Problem::TooLong);
}

#[tokio::test]
async fn a_port_that_is_taken_with_the_name_of_who_has_it() {
    let yard = Yard::new();
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let mut spec = yard.script("true");
    spec.port = Some(port);
    let (problem, _) = refusal(&yard, &spec).await;
    let text = problem.to_string();
    assert!(
        text.starts_with(&format!("port {port} on 127.0.0.1 is already taken by ")),
        "{text}"
    );
    assert!(
        text.ends_with(&format!("(pid {})", std::process::id())),
        "{text}"
    );
}

#[tokio::test]
async fn what_was_refused_may_be_launched_again_once_it_is_mended() {
    let yard = Yard::new();
    let path = yard.file("start", "#!/bin/sh\necho well\n", 0o644);
    let spec = yard.spec(&["./start"]);
    refusal(&yard, &spec).await;
    let state = yard.machines.state(&spec.id).expect("readable");
    assert!(matches!(state, State::Failed { .. }), "{state:?}");

    yard.file("start", std::fs::read(path).expect("readable"), 0o755);
    let launched = yard.machines.launch(&spec).await.expect("launched");
    assert!(!launched.adopted);
    within(yard.machines.wait(&spec.id)).await.expect("ended");
    assert_eq!(yard.output(&spec.id), ["well"]);
}

#[tokio::test]
async fn a_keeper_that_is_not_one_is_told_by_its_own_words() {
    let yard = Yard::new();
    let keeper = yard.file(
        "keeper",
        "#!/bin/sh\necho unknown command >&2\nexit 2\n",
        0o755,
    );
    let machines = Machines::open(&yard.path("machines"), [keeper]).expect("opened");
    let error = machines
        .launch(&yard.script("true"))
        .await
        .expect_err("refused");
    assert_eq!(
        error.to_string(),
        "the keeper of machine r1-test-1 ended before it had started the command; it said: \
         unknown command"
    );
}

#[tokio::test]
async fn a_keeper_that_does_not_exist() {
    let yard = Yard::new();
    let machines = Machines::open(&yard.path("machines"), ["/no/keeper"]).expect("opened");
    let error = machines
        .launch(&yard.script("true"))
        .await
        .expect_err("refused");
    assert!(matches!(error, LaunchError::Keeper { .. }), "{error}");
}
