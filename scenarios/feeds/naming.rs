//! Which of a vendor's names of a meeting names the consultation.
//!
//! A platform gives each meeting a name of its own when it begins, and that is taken unless somebody says
//! otherwise. A record system knows only the name that was given when the meeting was booked: a mapping of
//! one line, `consultation = "RoomName"`, takes that one, where it is not used for a second consultation.

use serde::Deserialize;

use crate::text::quoted;
use crate::{FeedError, Settings};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Choice {
    consultation: Option<String>,
}

/// The one of `names` that the mapping chooses; the first without one.
pub(crate) fn chosen(settings: &Settings, names: [&'static str; 2]) -> Result<&'static str, FeedError> {
    let wrong = |reason| FeedError::Setting { name: "map", reason };
    let text = settings.mapping.as_deref().unwrap_or_default();
    let choice: Choice = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let Some(name) = choice.consultation else { return Ok(names[0]) };
    names.into_iter().find(|known| *known == name).ok_or_else(|| {
        let name = quoted(&name);
        wrong(format!("consultation is {name}; write {} or {}", quoted(names[0]), quoted(names[1])))
    })
}

/// Refuses a mapping where a platform gives one name alone, for the reason `why`.
pub(crate) fn only(settings: &Settings, name: &str, why: &str) -> Result<(), FeedError> {
    if settings.mapping.is_none() {
        return Ok(());
    }
    let reason =
        format!("there is nothing to map: the consultation is {name} ({why}); leave the mapping out");
    Err(FeedError::Setting { name: "map", reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_chooses_among_the_names_there_are() {
        let choose = |mapping: Option<&str>| {
            let settings = Settings { mapping: mapping.map(str::to_owned), ..Settings::default() };
            chosen(&settings, ["RoomSid", "RoomName"]).map_err(|error| error.to_string())
        };
        assert_eq!(choose(None), Ok("RoomSid"));
        assert_eq!(choose(Some("consultation = \"RoomName\"")), Ok("RoomName"));
        let refused = choose(Some("consultation = \"Room\"")).unwrap_err();
        assert!(
            refused.ends_with("consultation is \"Room\"; write \"RoomSid\" or \"RoomName\""),
            "{refused}"
        );
        assert!(choose(Some("platform = \"x\"")).unwrap_err().contains("unknown field"));
    }
}
