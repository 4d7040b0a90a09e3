//! The rules by which claims are made, each with its version.

/// A rule: what is claimed, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A platform against the reference.
    Difference,
    /// The same among like consultations.
    Adjusted,
    /// A group of people against another.
    Gap,
    /// The course over groups that have an order.
    Slope,
    /// How much units differ.
    Spread,
    /// What the latest period says.
    Course,
    /// What practice amounts to.
    Learning,
    /// What changed where units moved.
    Moved,
    /// The share of calls that drop within a slot.
    DroppedBySlot,
    /// How often calls drop within a slot.
    DropsPerCall,
    /// What of a slot drops take.
    LostMinutes,
    /// One platform for all, or a range.
    Verdict,
}

/// What every rule about a difference says of its verdict.
const BY_LIMITS: &str = "It is called better or worse (higher or lower, of a measure that is neither) where both limits \
                         lie on that side of no difference, no clear difference where they lie on either side of it, \
                         too thin where fewer than ten events or a single organisation or clinician stand behind it, \
                         and not comparable where a feed cannot tell.";

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 12] = [
        Self::Difference,
        Self::Adjusted,
        Self::Gap,
        Self::Slope,
        Self::Spread,
        Self::Course,
        Self::Learning,
        Self::Moved,
        Self::DroppedBySlot,
        Self::DropsPerCall,
        Self::LostMinutes,
        Self::Verdict,
    ];

    /// Its name and version. The version goes up whenever the same evidence may be claimed otherwise: by another verdict,
    /// or by other numbers. How a sentence is worded is in neither name nor hash, and changes no version.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Difference => "difference/1",
            Self::Adjusted => "adjusted/1",
            Self::Gap => "gap/1",
            Self::Slope => "slope/1",
            Self::Spread => "spread/1",
            Self::Course => "course/1",
            Self::Learning => "learning/1",
            Self::Moved => "moved/1",
            Self::DroppedBySlot => "dropped_by_slot/1",
            Self::DropsPerCall => "drops_per_call/1",
            Self::LostMinutes => "lost_minutes/1",
            Self::Verdict => "verdict/1",
        }
    }

    /// The rule of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// Whether it holds a platform against another.
    #[must_use]
    pub fn is_of_platforms(self) -> bool {
        !matches!(
            self,
            Self::Gap | Self::Slope | Self::Spread | Self::Course | Self::Learning | Self::Verdict
        )
    }

    /// What it claims, and when.
    #[must_use]
    pub fn words(self) -> String {
        let what = match self {
            Self::Difference => "The value of the platform less that of the reference, with its limits.",
            Self::Adjusted => {
                "The difference among consultations that are alike in what was asked for, with its limits."
            }
            Self::Gap => {
                "The value of one group of people less that of another on the same platform, with its limits."
            }
            Self::Slope => {
                return "The slope index of inequality: how much the share changes from the most to the least \
                        deprived, by their rank. It rises or falls where both limits lie on that side of no change."
                    .to_owned();
            }
            Self::Spread => {
                return "The median odds ratio between two units drawn at random. Units differ where its lower limit \
                        lies above one, beyond what chance makes of few consultations."
                    .to_owned();
            }
            Self::Course => {
                return "What the latest whole period says by the rules of Making Data Count: a point outside the \
                        process limits, a run, a trend, or two of three close to a limit."
                    .to_owned();
            }
            Self::Verdict => {
                return "Where the gates of evidence are passed: no difference that matters where every single platform is \
                        surely within it of the best range; a range where it surely gains more than the difference that \
                        matters, and than what its platforms cost; one for all where no range surely gains that and one \
                        platform is surely the best; else not enough evidence."
                    .to_owned();
            }
            Self::Learning => {
                "The sixth to twentieth consultations of clinicians less their own first five, with limits."
            }
            Self::Moved => {
                "What changed where units moved, less what changed meanwhile where they stayed, with limits."
            }
            Self::DroppedBySlot => {
                "The share of calls whose first drop came within the slot, platform less reference, with limits."
            }
            Self::DropsPerCall => {
                "Drops per call within the slot, further ones of a call counted, platform less reference, with limits."
            }
            Self::LostMinutes => "The minutes of a slot lost to drops, platform less reference, with limits.",
        };
        format!("{what} {BY_LIMITS}")
    }
}
