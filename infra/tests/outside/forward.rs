//! The port-forward, with a fake `kubectl`.

use crate::project::Project;

#[test]
fn kubectl_is_given_the_cluster_and_the_namespace_of_the_environment() {
    let project = Project::new();
    project.stand_in("kubectl", "");
    let (code, stdout, stderr) = project.run(&[
        "forward",
        "shop",
        "--port",
        "8080",
        "--kubeconfig",
        "a kubeconfig",
    ]);
    assert_eq!((code, stdout.as_str()), (Some(0), ""));
    assert_eq!(
        stderr,
        "Forwarding http://127.0.0.1:8080/ to Service/shop/api; Ctrl-C stops it\n"
    );
    assert_eq!(
        project.read("calls"),
        "[--context][my shop][--namespace][shop][--kubeconfig][a kubeconfig][port-forward][--address][127.0.0.1][service/api][8080:5000]\n"
    );
}

#[test]
fn a_kubectl_that_fails_or_is_missing_is_told() {
    let project = Project::new();
    let (code, _, stderr) = project.run(&["forward", "shop", "--quiet"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        stderr,
        "error: there is no `kubectl` on PATH\nhint: install kubectl, which forwards the port\n"
    );
    project.stand_in("kubectl", "echo 'error: no such service' >&2; exit 1");
    let (code, _, stderr) = project.run(&["forward", "shop", "--quiet"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        stderr,
        "error: no such service\nerror: kubectl failed: exit status: 1\nhint: see its output above; `infra status shop` shows whether the Service exists\n"
    );
}
