//! Where the results of functions stem from, where these do not say.

use std::rc::Rc;

use crate::text::{Origin, Text};
use crate::value::{Data, Val, ValueOrigin};

/// Text whose bytes know at least the value that it is.
pub(super) fn with_origin(text: &Text, value: &Val) -> Text {
    if text.runs().next().is_some() || (value.origin.is_none() && !value.made_up) {
        return text.clone();
    }
    Text::of(text.as_str(), value.printed_origin())
}

/// The result of a function, said to stem from its arguments where it does not know better.
pub(super) fn stemming(name: &str, mut result: Val, given: &[Val]) -> Val {
    // What is put together of parts has no single origin.
    let made = matches!(name, "dict" | "list" | "tuple" | "set" | "unset")
        || ["romYaml", "romJson", "romToml"].iter().any(|reader| name.contains(reader));
    // Whoever asks several values for one that says something knows that they may be missing.
    let asked = name == "coalesce" && matches!(result.data, Data::Nil);
    if made || asked || matches!(result.data, Data::Object(_)) {
        return result;
    }
    if let Data::Text(text) = &result.data {
        if text.is_empty() || text.runs().next().is_some() {
            return result;
        }
    } else if result.origin.is_some() {
        result.made_up |= given.iter().any(is_made_up);
        return result;
    }
    let made_up = result.made_up || given.iter().any(is_made_up);
    result.made_up = made_up;
    if result.origin.is_none() {
        result.origin = given.iter().find_map(value_of);
    }
    if let Data::Text(text) = &result.data
        && (made_up || result.origin.is_some())
    {
        let origin = Origin { value: result.origin.clone(), made_up, ..Origin::default() };
        result.data = Data::Text(Text::of(text.as_str(), origin));
    }
    result
}

fn value_of(value: &Val) -> Option<Rc<ValueOrigin>> {
    value.origin.clone().or_else(|| value.as_text()?.origin()?.value)
}

fn is_made_up(value: &Val) -> bool {
    value.made_up
        || value.as_text().is_some_and(|text| text.runs().any(|(_, origin)| origin.made_up))
}
