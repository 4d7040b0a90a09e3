//! Where one JSON value ends, by brackets and quotes alone, however many pieces it comes in.
//!
//! Nothing is validated here: that is for whoever parses the value. A value is broken off when its
//! brackets do not close or nest too deeply, when a line ends within a text, which JSON forbids, or when
//! a line begins an object where none can stand: then the value was cut off, and that is the next one.

/// How deeply values may nest.
const DEEPEST: u32 = 128;

/// How a scan goes on.
pub(super) enum Step {
    /// The value ends before [`Scan::at`].
    Done,
    /// It does not end well.
    Broken(Broken),
    /// All of the text was looked at, and it goes on.
    More,
}

/// Why a value does not end well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    Unclosed,
    LineEndInText,
    TooDeep,
}

impl Broken {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Unclosed => "a bracket that opens here is not closed; the rest of the value is missing",
            Self::LineEndInText => {
                "a text is not closed before the end of its line; write line breaks as \\n"
            }
            Self::TooDeep => "the value nests more than 128 levels deep",
        }
    }
}

/// A look through one value, from its first bracket or quote on.
pub(super) struct Scan {
    /// How much of the text was looked at.
    pub(super) at: usize,
    /// How far the line is indented that the value begins on.
    indent: usize,
    depth: u32,
    /// One bit for every bracket that is open, the innermost lowest: whether it is that of an array.
    arrays: u128,
    in_text: bool,
    /// Whether the byte before is a backslash that escapes this one.
    escaped: bool,
    /// The last byte that is neither white space nor within a text.
    last: u8,
    /// How far the line is indented that is looked at; nothing once anything stands on it.
    blank: Option<usize>,
}

impl Scan {
    pub(super) fn new(indent: usize) -> Self {
        Self { at: 0, indent, depth: 0, arrays: 0, in_text: false, escaped: false, last: 0, blank: None }
    }

    /// Looks at the rest of `text`, which begins with the value.
    pub(super) fn step(&mut self, text: &[u8]) -> Step {
        loop {
            if self.in_text {
                match self.skip_text(text) {
                    Step::Done if self.depth > 0 => {}
                    step => return step,
                }
            }
            let Some(byte) = text.get(self.at) else { return Step::More };
            match byte {
                b'\n' => self.blank = Some(0),
                b' ' | b'\t' => self.blank = self.blank.map(|blank| blank + 1),
                b'\r' => {}
                byte => {
                    if let Some(broken) = self.significant(*byte) {
                        return Step::Broken(broken);
                    }
                }
            }
            self.at += 1;
            if self.depth == 0 && !self.in_text {
                return Step::Done;
            }
        }
    }

    /// Moves past the end of a text, if it is there.
    fn skip_text(&mut self, text: &[u8]) -> Step {
        loop {
            match text.get(self.at) {
                // A backslash before it takes nothing back: the line ends there all the same.
                Some(b'\n') => return Step::Broken(Broken::LineEndInText),
                Some(_) if std::mem::take(&mut self.escaped) => {}
                Some(b'"') => break,
                Some(byte) => self.escaped = *byte == b'\\',
                None => return Step::More,
            }
            self.at += 1;
        }
        self.at += 1;
        self.in_text = false;
        Step::Done
    }

    fn significant(&mut self, byte: u8) -> Option<Broken> {
        let begins_line = self.blank.take().is_some_and(|blank| blank <= self.indent);
        if byte == b'{' && begins_line && !self.takes_an_object() {
            return Some(Broken::Unclosed);
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => {
                self.depth += 1;
                self.arrays = self.arrays << 1 | u128::from(byte == b'[');
                if self.depth > DEEPEST {
                    return Some(Broken::TooDeep);
                }
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.arrays >>= 1;
            }
            _ => {}
        }
        self.last = byte;
        None
    }

    /// Whether an object may stand here.
    fn takes_an_object(&self) -> bool {
        match self.last {
            b'[' | b':' => true,
            b',' => self.arrays & 1 == 1,
            _ => false,
        }
    }
}
