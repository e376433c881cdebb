//! A store that keeps what it is given, for the neuron that it belongs to.

use super::*;
use std::{fs, path::PathBuf};

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Number(u32);

impl Record for Number {
    const TABLE: &'static str = "numbers";
    const KIND: u8 = 99;
}

fn owner(hotkey: u8) -> Owner {
    Owner {
        genesis: [1; 32],
        registry: [2; 32].into(),
        netuid: NetUid(3),
        hotkey: [hotkey; 32].into(),
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("inktensor-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn open(folder: &Path, owner: Owner) -> Result<Store, NeuronStoreError> {
    Store::open(folder, owner, &[Number::TABLE])
}

#[test]
fn values_are_there_after_a_restart() {
    let folder = folder("neuron-store");
    let store = open(&folder, owner(4)).unwrap();
    assert_eq!(store.only::<Number>().unwrap(), None);
    store.put(&[0, 7], &Number(7)).unwrap();
    store.put(&[1, 8], &Number(8)).unwrap();
    drop(store);
    let store = open(&folder, owner(4)).unwrap();
    assert_eq!(store.get(&[0, 7]).unwrap(), Some(Number(7)));
    assert_eq!(store.all(&[1]).unwrap(), vec![(vec![1, 8], Number(8))]);
    store
        .change(|changes| {
            changes.remove_before::<Number>(&[1]);
            changes.put(&[2], &Number(9))
        })
        .unwrap();
    let numbers: Vec<u32> = store
        .all(&[])
        .unwrap()
        .iter()
        .map(|(_, it): &(_, Number)| it.0)
        .collect();
    assert_eq!(numbers, [8, 9]);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_store_belongs_to_one_neuron() {
    let folder = folder("neuron-owner");
    drop(open(&folder, owner(4)).unwrap());
    let problem = open(&folder, owner(5)).err().unwrap().to_string();
    assert!(problem.contains("choose another folder"), "{problem}");
    fs::remove_dir_all(folder).unwrap();
}
