//! The kwok stages that simulate nodes, pods and claims.

use crate::{SandboxError, directory::Directory, files};

macro_rules! stages {
    ($($name:literal),* $(,)?) => {
        /// Name and content of every file in `sandbox/stages`.
        pub(crate) const STAGES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../stages/", $name)))),*];
    };
}

stages![
    "claim-provision.yaml",
    "image-pull-back-off.yaml",
    "image-pull-fail.yaml",
    "node-heartbeat.yaml",
    "node-start.yaml",
    "pod-complete.yaml",
    "pod-crash.yaml",
    "pod-create.yaml",
    "pod-delete.yaml",
    "pod-initialize.yaml",
    "pod-ready.yaml",
    "pod-start.yaml",
    "pod-unready.yaml",
    "volume-reclaim.yaml",
];

/// Writes the files that kwok reads.
pub(crate) fn write(directory: &Directory) -> Result<(), SandboxError> {
    for (name, content) in STAGES {
        files::write_private(&directory.stages().join(name), content.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::STAGES;

    #[test]
    fn kwok_gets_every_file_of_the_folder() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/stages");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let named: Vec<&str> = STAGES.iter().map(|(name, _)| *name).collect();
        assert_eq!(files, named);
    }
}
