//! The CSV form of lists: a line of names, then a line for each row.
//!
//! Columns are the fields of the JSON form, in the order in which they are declared. The fields of
//! an object within a row are columns of their own, `outer.inner`; a list within a row is one cell,
//! with spaces between.

use serde::{
    de::{MapAccess, Visitor},
    Deserialize, Deserializer, Serialize,
};
use serde_json::Value;
use std::{
    fmt,
    io::{self, Write},
};

/// Prints rows of one type. Without rows there are no names to print.
pub fn print<T: Serialize>(rows: &[T], out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<Vec<(String, String)>> = rows.iter().map(cells).collect::<Result<_, _>>()?;
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flatten() {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    // An object that some rows do not have leaves one empty cell there, and no column.
    let is_object = |name: &str| {
        let prefix = format!("{name}.");
        names.iter().any(|it| it.starts_with(&prefix))
    };
    let names: Vec<&str> = names.iter().copied().filter(|it| !is_object(it)).collect();
    if names.is_empty() {
        return Ok(());
    }
    line(names.iter().copied(), out)?;
    for row in &rows {
        let cell = |name: &&str| {
            let found = row.iter().find(|(it, _)| it == name);
            found.map_or("", |(_, value)| value.as_str())
        };
        line(names.iter().map(cell), out)?;
    }
    Ok(())
}

fn line<'a>(cells: impl Iterator<Item = &'a str>, out: &mut dyn Write) -> io::Result<()> {
    let cells: Vec<String> = cells.map(quoted).collect();
    writeln!(out, "{}", cells.join(","))
}

/// Returns a cell as RFC 4180 writes it.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.into()
    }
}

/// Returns the names and values of a row.
fn cells(row: &impl Serialize) -> io::Result<Vec<(String, String)>> {
    let text = serde_json::to_string(row).map_err(io::Error::from)?;
    let fields: Fields = serde_json::from_str(&text).map_err(io::Error::from)?;
    let mut cells = Vec::new();
    for (name, value) in fields.0 {
        push(name, &value, &mut cells);
    }
    Ok(cells)
}

fn push(name: String, value: &Value, cells: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (inner, value) in fields {
                push(format!("{name}.{inner}"), value, cells);
            }
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(plain).collect();
            cells.push((name, items.join(" ")));
        }
        other => cells.push((name, plain(other))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The fields of an object in the order of its text, which [`serde_json::Map`] does not keep.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Host {
        host: &'static str,
        port: u16,
    }

    #[derive(Serialize)]
    struct Row {
        uid: u16,
        name: &'static str,
        axon: Option<Host>,
        all: Vec<u16>,
    }

    fn printed(rows: &[Row]) -> String {
        let mut out = Vec::new();
        print(rows, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_the_fields_in_their_order() {
        let row = |uid, name, axon| Row {
            uid,
            name,
            axon,
            all: vec![1, 2],
        };
        let host = Host {
            host: "::1",
            port: 9,
        };
        let text = printed(&[row(1, "a,\"b\"", None), row(0, "c", Some(host))]);
        let expected = "uid,name,all,axon.host,axon.port\n1,\"a,\"\"b\"\"\",1 2,,\n0,c,1 2,::1,9\n";
        assert_eq!(text, expected);
        assert_eq!(printed(&[]), "");
    }
}
