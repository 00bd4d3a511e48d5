//! A temporary project, and fakes of the programs on PATH.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A directory with a Dockerfile, the environment `shop`, and a separate PATH.
pub(crate) struct Project {
    directory: TempDir,
}

impl Project {
    pub(crate) fn new() -> Self {
        let project = Self {
            directory: TempDir::new().unwrap(),
        };
        for directory in ["environments", "bin"] {
            fs::create_dir(project.path().join(directory)).unwrap();
        }
        project.write("Dockerfile", "FROM scratch\nCOPY greeting /\n");
        project.write("greeting", "hello");
        project.write(
            "environments/shop.toml",
            "[cluster]\ncontext = \"my shop\"\n[namespaces]\napp = \"shop\"\n[service]\nbuild = true\n",
        );
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.path().join(file), text).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path().join(file)).unwrap_or_default()
    }

    /// Puts a program on PATH; it notes its arguments in `calls` before it does what `script` says.
    pub(crate) fn stand_in(&self, program: &str, script: &str) {
        let calls = self.path().join("calls");
        let text = format!(
            "#!/bin/sh\nprintf '[%s]' \"$@\" >> '{calls}'\necho >> '{calls}'\n{script}\n",
            calls = calls.display()
        );
        // Copied by another process: a file that this process holds open for writing while another test forks cannot be executed.
        self.write("script", &text);
        let target = self.path().join("bin").join(program);
        let mut install = Command::new("install");
        install
            .args(["-m", "755"])
            .arg(self.path().join("script"))
            .arg(target);
        assert!(install.status().unwrap().success());
    }

    /// Runs the binary in the project and returns exit code, stdout and stderr.
    pub(crate) fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_infra"))
            .args(arguments)
            .env_clear()
            .env("PATH", self.path().join("bin"))
            .current_dir(self.path())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// The image that the environment uses.
    pub(crate) fn image(&self) -> String {
        let (code, image, stderr) = self.run(&["image", "shop"]);
        assert_eq!(code, Some(0), "{stderr}");
        image.trim_end().to_owned()
    }
}
