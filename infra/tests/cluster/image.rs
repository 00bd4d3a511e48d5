//! An image that is built here: a change of its content changes the plan.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::fixture::{World, control_plane};

/// Writes a project whose environment has the names of a world.
fn project(world: &World) -> TempDir {
    let project = TempDir::new().unwrap();
    fs::create_dir(project.path().join("environments")).unwrap();
    let environment = format!(
        "[cluster]\ncontext = \"sandbox\"\nkubeconfig = '{}'\n[namespaces]\napp = \"{}\"\ndatabase = \"{}\"\n\
         [service]\nbuild = true\nnode_port = {}\n",
        control_plane().kubeconfig().display(),
        world.app,
        world.database,
        world.node_port
    );
    let file = project.path().join(format!("environments/{}.toml", world.name));
    fs::write(file, environment).unwrap();
    fs::write(
        project.path().join("Dockerfile"),
        "FROM scratch\nCOPY greeting /\n",
    )
    .unwrap();
    fs::write(project.path().join("greeting"), "hello").unwrap();
    project
}

/// Runs the binary in a project, on a PATH without minikube.
fn infra(project: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
    command.args(arguments).current_dir(project).env_clear();
    command.env("PATH", project).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_change_of_code_is_a_change_of_the_plan() {
    let world = World::new().await;
    let project = project(&world);
    let name = world.name.as_str();
    let image = || {
        text(&infra(project.path(), &["image", name]).stdout)
            .trim_end()
            .to_owned()
    };

    // Without minikube the build is skipped with a warning, and the apply continues.
    let applied = infra(project.path(), &["apply", name, "--yes", "--build"]);
    let stderr = text(&applied.stderr);
    assert_eq!(applied.status.code(), Some(0), "{stderr}");
    assert!(
        stderr.contains("warning: skipped the image build: there is no `minikube` on PATH"),
        "{stderr}"
    );
    let first = image();
    let deployment = world.read(&world.deployment()).await.unwrap();
    assert_eq!(
        deployment["spec"]["template"]["spec"]["containers"][0]["image"],
        first
    );

    let plan = infra(project.path(), &["plan", name, "--detailed-exitcode"]);
    assert_eq!(plan.status.code(), Some(0), "{}", text(&plan.stdout));

    fs::write(project.path().join("greeting"), "good day").unwrap();
    let plan = infra(project.path(), &["plan", name, "--detailed-exitcode"]);
    let stdout = text(&plan.stdout);
    assert_eq!(plan.status.code(), Some(2), "{stdout}");
    let change = format!(
        "spec.template.spec.containers[api].image: \"{first}\" -> \"{}\"",
        image()
    );
    assert!(stdout.contains(&change), "{stdout}");
}

#[tokio::test]
async fn what_needs_names_alone_gets_along_without_the_dockerfile() {
    let world = World::new().await;
    let project = project(&world);
    let name = world.name.as_str();
    let run = |arguments: &[&str], code: i32| {
        let ended = infra(project.path(), arguments);
        let stderr = text(&ended.stderr).to_owned();
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {stderr}");
        text(&ended.stdout).to_owned() + &stderr
    };
    run(&["apply", name, "--yes"], 0);
    fs::remove_file(project.path().join("Dockerfile")).unwrap();
    assert!(run(&["plan", name], 1).contains("there is no `"));
    assert!(run(&["status", name], 0).ends_with(&format!("{name} is ready.\n")));
    for command in ["plan", "diff"] {
        let shown = run(&[command, name, "--destroy"], 0);
        assert!(!shown.contains("warning"), "{shown}");
    }
    // Also where only the file declares the objects.
    world.delete(&world.record()).await;
    assert!(run(&["destroy", name, "--yes"], 0).contains("Destroyed: "));
    assert!(world.read(&world.deployment()).await.is_none());
}
