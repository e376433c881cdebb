//! The file that records a deployment on a chain of nodes.

use super::SourceError;
use inktensor_client::deploy::Record;
use inktensor_devnet::chain_dir::read_record;
use inktensor_primitives::Digest;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folder of the deployments' records, one file for each network.
pub const FOLDER: &str = "deployments";

/// Returns the record of the deployment on the chain with this first block, and its file: the one
/// `named`, or the only one in [`FOLDER`] that is of the chain.
///
/// # Errors
/// `NoDeployment`, `Several`; for the named file `OtherChain`, or `Deployment` if it is unusable.
pub fn of_chain(named: Option<&Path>, genesis: Digest) -> Result<(PathBuf, Record), SourceError> {
    match named {
        Some(path) => {
            let record = read_record(path).map_err(SourceError::Deployment)?;
            if record.genesis == genesis {
                Ok((path.to_owned(), record))
            } else {
                Err(SourceError::OtherChain {
                    path: path.to_owned(),
                    written: record.genesis,
                    found: genesis,
                })
            }
        }
        None => in_folder(Path::new(FOLDER), genesis),
    }
}

/// Returns the only record in `folder` that is of the chain.
fn in_folder(folder: &Path, genesis: Digest) -> Result<(PathBuf, Record), SourceError> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|it| it == "json"))
        .collect();
    files.sort();
    let mut found: Option<(PathBuf, Record)> = None;
    for path in files {
        // An unreadable file may be of another chain, and is skipped.
        let Ok(record) = read_record(&path) else {
            continue;
        };
        if record.genesis != genesis {
            continue;
        }
        if let Some((other, _)) = found {
            return Err(SourceError::Several(other, path));
        }
        found = Some((path, record));
    }
    found.ok_or(SourceError::NoDeployment(genesis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_client::deploy::{Addresses, Entry};

    fn record(genesis: u8) -> Record {
        let addresses = Addresses::from_named(|_| Some([5; 32].into())).unwrap();
        let entry = |(name, address): (&str, _)| {
            let entry = Entry {
                address,
                code_hash: [6; 32],
                full_code: None,
                block: 1,
            };
            (name.to_owned(), entry)
        };
        Record {
            network: "here".into(),
            genesis: [genesis; 32],
            contracts: addresses.named().map(entry).collect(),
        }
    }

    #[test]
    fn the_file_of_the_chain_is_found_among_others() {
        let folder = std::env::temp_dir().join(format!("inktensor-files-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let missing = in_folder(&folder, [1; 32]);
        assert!(matches!(missing, Err(SourceError::NoDeployment(_))));
        fs::write(folder.join("a.json"), record(1).to_text()).unwrap();
        fs::write(folder.join("b.json"), record(2).to_text()).unwrap();
        fs::write(folder.join("c.json"), "something else").unwrap();
        let (path, found) = in_folder(&folder, [2; 32]).unwrap();
        assert_eq!((path, found), (folder.join("b.json"), record(2)));
        fs::write(folder.join("d.json"), record(1).to_text()).unwrap();
        let several = in_folder(&folder, [1; 32]);
        assert!(matches!(several, Err(SourceError::Several(..))));
        let named = folder.join("a.json");
        let other = of_chain(Some(&named), [2; 32]);
        assert!(matches!(other, Err(SourceError::OtherChain { .. })));
        assert!(of_chain(Some(&named), [1; 32]).is_ok());
        fs::remove_dir_all(folder).unwrap();
    }
}
