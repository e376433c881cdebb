//! Metadata that depends on a contract's types and documentation alone.
//!
//! cargo-contract's metadata also describes the build: the code's hash, the compiler, and an order
//! of events that the linker chose, after which types are numbered. All of that differs between
//! machines.

use anyhow::{bail, Context, Result};
use serde_json::{json, Map, Value};
use std::collections::BTreeMap;

/// Returns the same metadata without traces of its build.
///
/// Events stand in the order of their names, types are numbered in the order of their first use,
/// and of the source only its language stays, which clients ask for.
///
/// # Errors
/// If `metadata` is not ink! metadata.
pub fn canonical(metadata: &Value) -> Result<Value> {
    let part = |name: &str| {
        metadata
            .get(name)
            .with_context(|| format!("the metadata has no `{name}`"))
    };
    let mut spec = part("spec")?.clone();
    let events = spec
        .get_mut("events")
        .and_then(Value::as_array_mut)
        .context("the metadata has no `spec.events`")?;
    events.sort_by_key(full_name);
    let mut numbering = Numbering::of(part("types")?)?;
    let spec = numbering.apply(&spec)?;
    let storage = numbering.apply(part("storage")?)?;
    let types = numbering.types()?;
    let language = part("source")?.get("language");
    Ok(json!({
        "source": { "language": language },
        "contract": part("contract")?,
        "spec": spec,
        "storage": storage,
        "types": types,
        "version": part("version")?,
    }))
}

/// Returns the name of an event with its module.
fn full_name(event: &Value) -> String {
    let text = |key| event.get(key).and_then(Value::as_str).unwrap_or_default();
    format!("{}::{}", text("module_path"), text("label"))
}

/// New numbers of types, given in the order of their first use.
struct Numbering {
    definitions: BTreeMap<u64, Value>,
    numbers: BTreeMap<u64, u64>,
    /// Old numbers, in the order of the new ones.
    order: Vec<u64>,
}

impl Numbering {
    fn of(types: &Value) -> Result<Self> {
        let types = types.as_array().context("`types` is not a list")?;
        let definitions = types
            .iter()
            .map(|entry| {
                let id = entry.get("id").and_then(Value::as_u64);
                let definition = entry.get("type");
                id.zip(definition.cloned()).context("a type without id")
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            definitions,
            numbers: BTreeMap::new(),
            order: Vec::new(),
        })
    }

    /// Returns a copy of `value` with the new numbers of the types it refers to.
    fn apply(&mut self, value: &Value) -> Result<Value> {
        Ok(match value {
            Value::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|item| self.apply(item))
                    .collect::<Result<_>>()?,
            ),
            Value::Object(fields) => {
                let mut renumbered = Map::new();
                for (key, field) in fields {
                    renumbered.insert(key.clone(), self.apply_field(key, field)?);
                }
                Value::Object(renumbered)
            }
            other => other.clone(),
        })
    }

    fn apply_field(&mut self, key: &str, value: &Value) -> Result<Value> {
        match (key, value) {
            // A layout says `ty`, everything else `type`; both may be objects too.
            ("type" | "ty", Value::Number(_)) => self.number(value),
            ("tuple", Value::Array(ids)) => {
                let ids = ids.iter().map(|id| self.number(id));
                Ok(Value::Array(ids.collect::<Result<_>>()?))
            }
            _ => self.apply(value),
        }
    }

    fn number(&mut self, id: &Value) -> Result<Value> {
        let id = id.as_u64().context("a type's number is not a number")?;
        if let Some(number) = self.numbers.get(&id) {
            return Ok((*number).into());
        }
        let number = self.order.len() as u64;
        self.numbers.insert(id, number);
        self.order.push(id);
        Ok(number.into())
    }

    /// Returns the types that have a number, and those that they refer to.
    fn types(&mut self) -> Result<Value> {
        let mut types = Vec::new();
        // The order grows while it is walked.
        while let Some(id) = self.order.get(types.len()).copied() {
            let Some(definition) = self.definitions.get(&id).cloned() else {
                bail!("type {id} is referred to, but not defined");
            };
            let number = types.len();
            types.push(json!({ "id": number, "type": self.apply(&definition)? }));
        }
        Ok(Value::Array(types))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata() -> Value {
        json!({
            "source": { "hash": "0x01", "language": "ink! 5.1.1", "compiler": "rustc 1.85.1" },
            "contract": { "name": "token" },
            "spec": {
                "events": [
                    { "module_path": "b", "label": "A", "args": [{ "type": { "type": 3 } }] },
                    { "module_path": "a", "label": "B", "args": [{ "type": { "type": 1 } }] },
                ],
                "messages": [{ "returnType": { "type": 0 } }],
            },
            "storage": { "root": { "ty": 2 } },
            "types": [
                { "id": 0, "type": { "def": { "tuple": [3, 1] } } },
                { "id": 1, "type": { "def": { "primitive": "u8" } } },
                { "id": 2, "type": { "def": { "sequence": { "type": 1 } } } },
                { "id": 3, "type": { "def": { "primitive": "u64" } } },
            ],
            "version": 5,
        })
    }

    /// Returns the same metadata as another linker might have ordered it.
    fn elsewhere(value: &Value) -> Value {
        match value {
            Value::Array(items) => Value::Array(items.iter().map(elsewhere).collect()),
            Value::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(key, field)| {
                        let number = |id: &Value| json!(3 - id.as_u64().unwrap());
                        let field = match (key.as_str(), field) {
                            ("type" | "ty" | "id", Value::Number(_)) => number(field),
                            ("tuple", Value::Array(ids)) => ids.iter().map(number).collect(),
                            _ => elsewhere(field),
                        };
                        (key.clone(), field)
                    })
                    .collect(),
            ),
            other => other.clone(),
        }
    }

    #[test]
    fn canonical_metadata_is_the_same_from_any_machine() {
        let mut other = elsewhere(&metadata());
        other["source"]["compiler"] = "rustc 1.99.0".into();
        other["spec"]["events"].as_array_mut().unwrap().reverse();
        other["types"].as_array_mut().unwrap().reverse();
        assert_ne!(other, metadata());
        let canonical_form = canonical(&metadata()).unwrap();
        assert_eq!(canonical(&other).unwrap(), canonical_form);
        assert_eq!(canonical_form["types"].as_array().unwrap().len(), 4);
        assert_eq!(canonical_form["spec"]["events"][0]["label"], "B");
        assert_eq!(
            canonical_form["source"],
            json!({ "language": "ink! 5.1.1" })
        );
    }

    #[test]
    fn incomplete_metadata_is_refused_by_name() {
        for (part, message) in [("types", "no `types`"), ("storage", "no `storage`")] {
            let mut incomplete = metadata();
            incomplete.as_object_mut().unwrap().remove(part);
            let error = canonical(&incomplete).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
        let mut dangling = metadata();
        dangling["types"].as_array_mut().unwrap().remove(1);
        let error = canonical(&dangling).unwrap_err().to_string();
        assert!(error.contains("type 1 is referred to"), "{error}");
    }
}
