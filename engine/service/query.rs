//! What stands behind the question mark of an address.

use super::problem::{Kind, Problem};

/// The most options of one request.
const MOST: usize = 64;

/// The options of a request by name, in the order in which they stand.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads them.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn read(text: Option<&str>) -> Result<Self, Problem> {
        let text = text.unwrap_or_default();
        let pairs = form_urlencoded::parse(text.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()));
        let pairs: Vec<_> = pairs.take(MOST + 1).collect();
        if pairs.len() > MOST {
            return Err(Kind::Question.because(format!("more than {MOST} options; join values by commas")));
        }
        Ok(Self(pairs))
    }

    /// Takes the option of that name out, if it is there once.
    ///
    /// # Errors
    /// When it is there more than once.
    pub(super) fn take(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let (mut taken, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.0).into_iter().partition(|(one, _)| one == name);
        self.0 = rest;
        match taken.len() {
            0 | 1 => Ok(taken.pop().map(|(_, value)| value)),
            _ => Err(Kind::Question.because(format!("{name} may be given once"))),
        }
    }

    /// Takes a number out.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<u64>, Problem> {
        let Some(text) = self.take(name)? else { return Ok(None) };
        let wrong = |_| Kind::Question.because(format!("{name}={text:?}: expected a whole number"));
        text.parse().map(Some).map_err(wrong)
    }

    /// What is left, refused if there is anything.
    ///
    /// # Errors
    /// When there is anything left.
    pub(super) fn nothing_else(self) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(Kind::Question.because(format!("there is no option {name:?} here"))),
        }
    }

    /// What is left.
    pub(super) fn rest(self) -> Vec<(String, String)> {
        self.0
    }
}
