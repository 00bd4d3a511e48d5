//! The tag of an image that is built here, and the build into minikube, with a fake `minikube`.

use crate::project::Project;

/// A fake `minikube`: lists the images in the file `images`, and adds those that it builds.
const MINIKUBE: &str = "case \"$4\" in
ls) [ ! -f images ] || while read -r image; do echo \"$image\"; done < images ;;
build) echo building; [ -f broken ] || echo \"docker.io/library/$7\" >> images ;;
esac";

#[test]
fn the_name_follows_the_content_and_needs_nothing_but_the_files() {
    let project = Project::new();
    let before = project.image();
    assert!(
        before.starts_with("service:dev-") && before.len() == 24,
        "{before}"
    );
    project.write("notes", "");
    assert_eq!(project.image(), before);
    project.write("greeting", "good day");
    assert_ne!(project.image(), before);
    project.write("greeting", "hello");
    assert_eq!(project.image(), before);
}

#[test]
fn a_missing_image_is_built_once() {
    let project = Project::new();
    project.stand_in("minikube", MINIKUBE);
    let image = project.image();
    let (code, stdout, stderr) = project.run(&["image", "shop", "--build"]);
    assert_eq!((code, stdout), (Some(0), format!("{image}\n")), "{stderr}");
    assert_eq!(
        stderr,
        format!("Building {image} into minikube; the first build takes a few minutes\nbuilding\n")
    );
    let (code, stdout, stderr) = project.run(&["image", "shop", "--build"]);
    assert_eq!((code, stdout), (Some(0), format!("{image}\n")), "{stderr}");
    assert_eq!(stderr, format!("{image} is already in minikube\n"));
    let list = "[--profile][my shop][image][ls]\n";
    assert_eq!(
        project.read("calls"),
        format!("{list}[--profile][my shop][image][build][--all][--tag][{image}][.]\n{list}{list}"),
    );
}

#[test]
fn a_build_that_fails_is_told_though_minikube_ends_with_0() {
    let project = Project::new();
    project.stand_in("minikube", MINIKUBE);
    project.write("broken", "");
    let (code, stdout, stderr) = project.run(&["image", "shop", "--build", "--quiet"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert_eq!(
        stderr,
        format!(
            "building\nerror: minikube did not build `{}`\nhint: is it running? `minikube status --profile my shop`\n",
            project.image()
        )
    );
}

#[test]
fn a_file_that_changes_during_the_build_is_told() {
    let project = Project::new();
    project.stand_in("minikube", &format!("{MINIKUBE}\necho later > greeting"));
    let (code, _, stderr) = project.run(&["image", "shop", "--build"]);
    assert_eq!(code, Some(1));
    assert!(
        stderr.ends_with(
            "error: the files of the image changed during the build\nhint: build again, so that the tag matches the content\n"
        ),
        "{stderr}"
    );
}

#[test]
fn without_minikube_the_command_to_type_is_told() {
    let project = Project::new();
    let (code, _, stderr) = project.run(&["image", "shop", "--build"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        stderr,
        format!(
            "error: there is no `minikube` on PATH\nhint: build it where the cluster can pull it: docker build --tag {} .\n",
            project.image()
        )
    );
}

#[test]
fn a_cluster_that_is_not_minikube_is_told() {
    let project = Project::new();
    project.stand_in("minikube", "echo '* Profile not found' >&2; exit 85");
    let (code, _, stderr) = project.run(&["image", "shop", "--build"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        stderr,
        "error: minikube cannot list the images of profile `my shop`: * Profile not found\nhint: is it running? `minikube status --profile my shop`\n"
    );
}

#[test]
fn an_image_from_a_registry_is_only_printed() {
    let project = Project::new();
    project.write(
        "environments/shop.toml",
        "cluster.context = 'a'\nservice.image = 'example.com/service:1'",
    );
    let (code, stdout, _) = project.run(&["image", "shop", "--build"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "example.com/service:1\n"));
}
