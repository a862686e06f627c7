//! Functions between values and texts of YAML, JSON and TOML.

use crate::error::{Error, ErrorKind, Result};
use crate::function::{Call, Function, Param};
use crate::map::Map;
use crate::serial::{json, read_json, read_toml, read_yaml, toml, yaml};
use crate::text::Text;
use crate::value::{Data, Val};

pub(super) static TABLE: &[Function] = &[
    Function { name: "toYaml", params: &[Param::Any], variadic: false, run: to_yaml },
    Function { name: "mustToYaml", params: &[Param::Any], variadic: false, run: to_yaml },
    Function { name: "toYamlPretty", params: &[Param::Any], variadic: false, run: to_yaml_pretty },
    Function { name: "fromYaml", params: &[Param::Text], variadic: false, run: from_yaml },
    Function { name: "fromYamlArray", params: &[Param::Text], variadic: false, run: from_yaml },
    Function { name: "toJson", params: &[Param::Any], variadic: false, run: to_json },
    Function { name: "mustToJson", params: &[Param::Any], variadic: false, run: to_json },
    Function { name: "toPrettyJson", params: &[Param::Any], variadic: false, run: to_json },
    Function { name: "mustToPrettyJson", params: &[Param::Any], variadic: false, run: to_json },
    Function { name: "toRawJson", params: &[Param::Any], variadic: false, run: to_json },
    Function { name: "mustToRawJson", params: &[Param::Any], variadic: false, run: to_json },
    Function { name: "fromJson", params: &[Param::Text], variadic: false, run: from_json },
    Function { name: "fromJsonArray", params: &[Param::Text], variadic: false, run: from_json },
    Function { name: "mustFromJson", params: &[Param::Text], variadic: false, run: from_json },
    Function { name: "toToml", params: &[Param::Any], variadic: false, run: to_toml },
    Function { name: "mustToToml", params: &[Param::Any], variadic: false, run: to_toml },
    Function { name: "fromToml", params: &[Param::Text], variadic: false, run: from_toml },
];

/// What a function costs in steps, by the bytes that it reads or writes.
fn charge(call: &mut Call<'_>, bytes: usize) {
    *call.cost += bytes as u64 / 64;
}

/// The text; of a failure nothing, unless the function is one that must not fail or the failure is
/// one of our limits.
fn printed(call: &mut Call<'_>, text: Result<Text>) -> Result<Val> {
    let lenient = !call.name.starts_with("must") && call.name != "toRawJson";
    match text {
        Ok(text) => {
            charge(call, text.len());
            Ok(Val::text(text))
        }
        Err(error) if lenient && error.kind != ErrorKind::TooMuch => Ok(Val::text("")),
        Err(error) => Err(error),
    }
}

fn argument(arguments: &[Val]) -> Val {
    arguments.first().cloned().unwrap_or_default()
}

fn text(call: &mut Call<'_>, arguments: &[Val]) -> Text {
    let text = arguments.first().and_then(Val::as_text).cloned().unwrap_or_default();
    charge(call, text.len());
    text
}

fn to_yaml(call: &mut Call<'_>, arguments: &[Val]) -> Result<Val> {
    printed(call, yaml::print(&argument(arguments)))
}

fn to_yaml_pretty(call: &mut Call<'_>, arguments: &[Val]) -> Result<Val> {
    printed(call, yaml::print_pretty(&argument(arguments)))
}

fn to_json(call: &mut Call<'_>, arguments: &[Val]) -> Result<Val> {
    let pretty = call.name.ends_with("PrettyJson");
    let raw = call.name.ends_with("RawJson");
    printed(call, json::print(&argument(arguments), json::Style { pretty, raw }))
}

/// Of a failure the message, unlike the others.
fn to_toml(call: &mut Call<'_>, arguments: &[Val]) -> Result<Val> {
    let text = toml::print(&argument(arguments));
    match text {
        Err(error) if call.name == "toToml" && error.kind != ErrorKind::TooMuch => {
            Ok(Val::text(error.message))
        }
        text => printed(call, text),
    }
}

#[allow(clippy::unnecessary_wraps)] // what functions of a table give
fn from_toml(call: &mut Call<'_>, arguments: &[Val]) -> Result<Val> {
    let text = text(call, arguments);
    Ok(fitting(read_toml::read(text.as_str()), false, |message| message))
}

#[allow(clippy::unnecessary_wraps)] // what functions of a table give
fn from_yaml(call: &mut Call<'_>, arguments: &[Val]) -> Result<Val> {
    let text = text(call, arguments);
    let read = read_yaml::read(&text);
    let wrap = |message| format!("error unmarshaling JSON: while decoding JSON: {message}");
    Ok(fitting(read, call.name.ends_with("Array"), wrap))
}

fn from_json(call: &mut Call<'_>, arguments: &[Val]) -> Result<Val> {
    let text = text(call, arguments);
    let read = read_json::read(&text);
    if call.name == "mustFromJson" {
        return read.map_err(Error::execution);
    }
    Ok(fitting(read, call.name.ends_with("Array"), |message| message))
}

/// What was read if it is the list or map that was asked for; nothing is an empty one. Else what
/// Helm gives for a failure: `{"Error": message}`, or a list of the message.
fn fitting(
    read: std::result::Result<Val, String>,
    list: bool,
    wrap: impl Fn(String) -> String,
) -> Val {
    let message = match read {
        Ok(val) => {
            let found = match &val.data {
                Data::Nil if list => return Val { data: Val::list(Vec::new()).data, ..val },
                Data::Nil => return Val { data: Data::Map(Map::new()), ..val },
                Data::List(_) if list => return val,
                Data::Map(_) if !list => return val,
                Data::Bool(_) => "bool",
                Data::Int(_) | Data::Int64(_) | Data::Float(_) => "number",
                Data::Text(_) => "string",
                Data::List(_) => "array",
                Data::Map(_) | Data::Object(_) => "object",
            };
            let wanted = if list { "[]interface {}" } else { "map[string]interface {}" };
            wrap(format!("json: cannot unmarshal {found} into Go value of type {wanted}"))
        }
        Err(message) => message,
    };
    if list {
        return Val::list(vec![Val::text(message)]);
    }
    let map = Map::new();
    map.set("Error", Val::text(message));
    Val::map(map)
}
