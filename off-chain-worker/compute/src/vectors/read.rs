//! Reads and checks JSON objects.

use super::{
    form::{Input, Row, Vector},
    place::{at, line_at, Location, Object, Segment, VectorError},
};
use inktensor_primitives::MAX_UIDS;
use inktensor_yuma::epoch::MAX_PERMITS;
use serde_json::{value::RawValue, Deserializer};
use std::collections::HashSet;

/// Inertia of bonds is given in millionths.
const MILLION: u64 = 1_000_000;
/// Largest number of characters of a wrong value that an error repeats.
const SHOWN: usize = 40;

/// An object and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    /// File and line.
    pub place: Location,
    /// The object.
    pub vector: Vector,
}

impl Located {
    /// Returns the object's name, or its place if it has none.
    pub fn label(&self) -> String {
        self.vector
            .name
            .clone()
            .unwrap_or_else(|| self.place.to_string())
    }
}

/// Reads all objects of `text`, whose name is `source`.
///
/// # Errors
/// The first error, with its place.
pub fn read(source: &str, text: &str) -> Result<Vec<Located>, VectorError> {
    let mut objects = Vec::new();
    for raw in Deserializer::from_str(text).into_iter::<&RawValue>() {
        let raw = raw.map_err(|error| malformed(source, text, &error))?;
        objects.push(object(Object { source, text, raw })?);
    }
    if objects.is_empty() {
        let place = Location {
            source: source.to_owned(),
            line: line_at(text, text.len()),
            path: String::new(),
        };
        return Err(VectorError {
            place,
            problem: "no epoch in it".into(),
        });
    }
    Ok(objects)
}

fn object(object: Object) -> Result<Located, VectorError> {
    let json = &mut Deserializer::from_str(object.raw.get());
    let vector: Vector =
        serde_path_to_error::deserialize(json).map_err(|error| mistyped(&object, &error))?;
    check(&vector.input).map_err(|(path, problem)| object.error(&path, problem))?;
    Ok(Located {
        place: object.place(&[]),
        vector,
    })
}

/// Returns the error of a text that is not JSON.
fn malformed(source: &str, text: &str, error: &serde_json::Error) -> VectorError {
    // At the end of the text serde_json may point to a line after the last.
    let line = error.line().clamp(1, line_at(text, text.len()));
    let place = Location {
        source: source.to_owned(),
        line,
        path: String::new(),
    };
    VectorError {
        place,
        problem: format!("not JSON: {} (column {})", bare(error), error.column()),
    }
}

/// Returns the error of a value of another type.
fn mistyped(object: &Object, error: &serde_path_to_error::Error<serde_json::Error>) -> VectorError {
    let path: Vec<Segment> = error
        .path()
        .iter()
        .filter_map(|segment| match segment {
            serde_path_to_error::Segment::Seq { index } => Some(Segment::Index(*index)),
            serde_path_to_error::Segment::Map { key } => Some(Segment::Key(key.clone())),
            _ => None,
        })
        .collect();
    let problem = bare(error.inner());
    let range = INTEGERS
        .iter()
        .find(|(ty, _)| problem.ends_with(&format!("expected {ty}")));
    match range {
        Some((_, range)) => object.error(
            &path,
            format!("{} is not an integer {range}", shown(object.text_at(&path))),
        ),
        None => object.error(&path, problem),
    }
}

/// Rust's integers in words.
const INTEGERS: [(&str, &str); 4] = [
    ("u16", "from 0 to 65535"),
    ("i16", "from -32768 to 32767"),
    ("u32", "from 0 to 4294967295"),
    ("u64", "from 0 to 18446744073709551615"),
];

/// Returns serde_json's message without its own place.
fn bare(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rfind(" at line ") {
        Some(end) => message[..end].to_owned(),
        None => message,
    }
}

fn shown(json: &str) -> String {
    let line: String = json
        .chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if json.chars().count() > SHOWN {
        format!("{line}...")
    } else {
        line
    }
}

/// Returns the first error of an input, with its path.
type Problem = (Vec<Segment>, String);

fn check(input: &Input) -> Result<(), Problem> {
    let neurons = u16::try_from(input.neurons.len())
        .ok()
        .filter(|count| *count <= MAX_UIDS)
        .ok_or_else(|| {
            (
                at!["input", "neurons"],
                format!("{} neurons, at most {MAX_UIDS} can be", input.neurons.len()),
            )
        })?;
    let params = &input.params;
    let param = |name: &str, problem: String| Err((at!["input", "params", name], problem));
    if let Some(owner) = params.owner_uid.filter(|owner| *owner >= neurons) {
        return param("owner_uid", format!("uid {owner} is not below {neurons}"));
    }
    if params.bonds_moving_average > MILLION {
        return param(
            "bonds_moving_average",
            format!("{} is above {MILLION}", params.bonds_moving_average),
        );
    }
    if params.max_allowed_validators.min(neurons) > MAX_PERMITS {
        return param(
            "max_allowed_validators",
            format!("{} is above {MAX_PERMITS}", params.max_allowed_validators),
        );
    }
    let permits = input.roster().count();
    if permits > usize::from(MAX_PERMITS) + 1 {
        let problem = format!("{permits} hold a permit, at most {MAX_PERMITS} and the owner's can");
        return Err((at!["input", "neurons"], problem));
    }
    rows("weights", &input.weights, neurons)?;
    rows("bonds", &input.bonds, neurons)
}

fn rows(field: &str, rows: &[Row], neurons: u16) -> Result<(), Problem> {
    let mut owners = HashSet::new();
    let mut columns = HashSet::new();
    for (r, (uid, row)) in rows.iter().enumerate() {
        known(*uid, neurons).map_err(|problem| (at!["input", field, r, 0], problem))?;
        if !owners.insert(*uid) {
            return Err((
                at!["input", field, r, 0],
                format!("uid {uid} has a row already"),
            ));
        }
        columns.clear();
        for (e, (uid, _)) in row.iter().enumerate() {
            let place = || at!["input", field, r, 1, e, 0];
            known(*uid, neurons).map_err(|problem| (place(), problem))?;
            if !columns.insert(*uid) {
                return Err((place(), format!("uid {uid} is in the row already")));
            }
        }
    }
    Ok(())
}

fn known(uid: u16, neurons: u16) -> Result<(), String> {
    if uid < neurons {
        Ok(())
    } else {
        Err(format!("uid {uid} is not below {neurons}"))
    }
}
