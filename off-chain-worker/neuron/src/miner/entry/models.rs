//! The files of models: in a folder that only its owner can read, and among the blobs.

use crate::{error::NeuronError, service::Neuron, tasks::Working};
use inktensor_contest::{Definition, Model, ModelError, MODEL_LIMIT};
use inktensor_primitives::{hash::hex, Digest};
use inktensor_task::Load;
use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

/// Returns true if a contest's manifest, or its definition, names a blob.
pub fn names(neuron: &Neuron<'_>, working: &Working, blob: &Digest) -> bool {
    let state = &working.manifest.state;
    if [&working.hash, state].contains(&blob) {
        return true;
    }
    // Without its definition the contest could not be loaded again: nothing is removed.
    let Ok(bytes) = neuron.blobs.get(state) else {
        return true;
    };
    Definition::load(&bytes).is_ok_and(|it| it.corpus == *blob)
}

/// Returns the problem of a model without a file.
pub fn lost(model: &Digest) -> String {
    format!(
        "the file of the model {} is lost; name it with --entry",
        hex(model)
    )
}

/// Returns the problem of a model that would be public before its cut-off.
pub fn already_public(model: &Digest, served: &Path) -> String {
    format!(
        "the model {} is served already, and not as an entry of this store: others may have it \
         before the cut-off; enter another model, or take it out of --blob and remove {}",
        hex(model),
        served.display()
    )
}

/// Makes a folder that only its owner can read, of models that are secret.
///
/// # Errors
/// If it cannot be made, or belongs to another user.
pub fn private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    // A folder that exists keeps its mode.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Returns the bytes of a model's file.
///
/// # Errors
/// `Entry` for a file that is unreadable or no model.
pub fn read(path: &Path) -> Result<Vec<u8>, NeuronError> {
    let refused = |problem: String| NeuronError::Entry {
        path: path.into(),
        problem,
    };
    let reason = |error| refused(inktensor_client::io_error::reason(&error));
    let most = u64::try_from(MODEL_LIMIT).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    // One byte more than allowed shows that the file is too long.
    let file = File::open(path).map_err(reason)?;
    let mut part = file.take(most.saturating_add(1));
    part.read_to_end(&mut bytes).map_err(reason)?;
    let read = match bytes.len() > MODEL_LIMIT {
        true => Err(ModelError::TooLong { bytes: bytes.len() }),
        false => Model::read(&bytes),
    };
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => Err(refused(error.to_string())),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn folder_of_secret_models_is_its_owners_alone() {
        let name = format!("inktensor-entry-{}", std::process::id());
        let parent = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&parent);
        let folder = parent.join("entry");
        let mode = || fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
        private(&folder).unwrap();
        assert_eq!(mode(), 0o700);
        // A folder that others can read is closed to them.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        private(&folder).unwrap();
        assert_eq!(mode(), 0o700);
        fs::remove_dir_all(&parent).unwrap();
    }
}
