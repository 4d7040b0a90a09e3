//! `evenfield decide`: one platform for all, or a range.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use event::{Dimension, NOT_RECORDED};
use projections::catalog;
use projections::compare::{Ask, ClusterChoice, Decided, GROUPED_BY, NotComparable};
use projections::profiles::Profiles;
use projections::stats::decision::policy::Rule;
use serde::{Deserialize, Serialize};

use super::asked::Question;
use super::choose::{choose, no_file};
use super::compare;
use super::failure::Failure;
use super::ground::Ground;
use super::known::{Known, WHERE};
use super::out::Out;
use super::platforms;
use super::store::{self, SheetArgs};
use super::{Shared, progress, shown};
use crate::log::Log;
use crate::replay::{self, Sheet, decide, wanted};

/// Standardise or range: whether every service should choose its own platform or all should use one, as far as the
/// events tell.
///
/// The value of a consultation is the share of a measure, undisturbed consultations unless another is named. A range
/// must gain a difference that matters (--delta), or what its platforms cost (--price), with the certainty of --level.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield decide\n  \
    evenfield decide --by appointment --adjust network --delta 0.02\n  \
    evenfield decide zoom attend-anywhere --price 0.005 --json\n  \
    evenfield decide --platforms platforms.toml\n\n\
    Strata are services unless --by names others. Thin strata are drawn towards what a platform is elsewhere. What\n\
    a platform can do and costs is not in the events: --platforms takes a TOML file that declares it, with what each\n\
    service needs. A platform that is not shown to meet a need is kept out:\n  \
    [platforms.zoom.functions]\n  \
    captions = { state = \"met\", source = \"handbook, 4.2\", date = 2026-01-12 }\n  \
    [[needs]]\n  \
    functions = [\"captions\"]\n  \
    where = { service = \"audiology\" }")]
pub(super) struct Args {
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    reading: SheetArgs,
}

/// What is asked.
#[derive(Debug, clap::Args, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Asked {
    /// Platforms to choose from; none: all of them
    #[arg(value_name = "PLATFORM")]
    platforms: Vec<String>,
    /// The measure whose share is the value of a consultation
    #[arg(long, value_name = "NAME", default_value = "undisturbed")]
    measure: String,
    /// Strata that may use different platforms, by these dimensions, separated by commas [default: service]
    #[arg(long, value_name = "DIMENSION,...", value_delimiter = ',')]
    by: Vec<String>,
    /// Adjust for these dimensions: each stratum's shares are those of its own mix, whatever a platform is used for
    #[arg(long, value_name = "DIMENSION,...", value_delimiter = ',')]
    adjust: Vec<String>,
    #[arg(long = "where", value_name = "DIMENSION=LEVEL,...", help = WHERE)]
    filter: Vec<String>,
    /// What consultations share their luck by: auto, none or a dimension
    #[arg(long, value_name = "DIMENSION")]
    cluster: Option<String>,
    /// The difference that matters, as a share: 0.01 is 10 in 1,000 consultations
    #[arg(long, value_name = "SHARE", value_parser = compare::margin, default_value = "0.01")]
    delta: f64,
    /// What each platform beyond the first costs (training, support, procurement), in the same unit; of a price between
    /// two bounds, such as 0.002..0.008, a range must be worth the higher
    #[arg(long, value_name = "SHARE[..SHARE]", default_value = "0")]
    price: Price,
    /// What platforms can do and cost, and what services need: a TOML file
    #[arg(long = "platforms", value_name = "FILE")]
    profiles: Option<PathBuf>,
    /// How sure a verdict must be, and the coverage of limits
    #[arg(long, value_name = "SHARE", value_parser = compare::level, default_value = "0.95")]
    level: f64,
    /// The grace that was asked for.
    #[arg(skip)]
    grace_ms: Option<i64>,
}

/// A price, or the bounds that it lies between.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Price {
    lowest: f64,
    highest: f64,
}

impl FromStr for Price {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "write a share from 0 to 1, such as 0.005 for 5 in 1,000 consultations, or two of them, such as 0.002..0.008"
                .to_owned()
        };
        let share = |text: &str| match text.parse::<f64>() {
            Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
            _ => Err(wrong()),
        };
        let (lowest, highest) = match text.split_once("..") {
            Some((lowest, highest)) => (share(lowest)?, share(highest)?),
            None => (share(text)?, share(text)?),
        };
        if lowest > highest { Err(wrong()) } else { Ok(Self { lowest, highest }) }
    }
}

impl Price {
    /// The lower bound, where there are two.
    fn cheapest(self) -> Option<f64> {
        (self.lowest < self.highest).then_some(self.lowest)
    }
}

impl Asked {
    /// A decision that nobody asked anything particular of.
    pub(super) fn usual() -> Result<Self, Failure> {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            asked: Asked,
        }
        let line = <Line as clap::Parser>::try_parse_from(["decide"]);
        line.map(|line| line.asked).map_err(|error| Failure::Other(error.to_string()))
    }

    /// The platforms that were named.
    pub(super) fn platforms(&self) -> &[String] {
        &self.platforms
    }

    /// The grace that it was asked with.
    pub(super) fn grace_ms(&self) -> Option<i64> {
        self.grace_ms
    }

    /// The same, to be asked again from any folder.
    pub(super) fn question(&self, reading: &SheetArgs) -> Question {
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        Question::Decide(Self {
            profiles: self.profiles.as_ref().map(absolute),
            grace_ms: reading.grace_ms(),
            ..self.clone()
        })
    }

    /// The request, with every name checked before anything is replayed.
    pub(super) fn ask(&self) -> Result<Ask, Failure> {
        let names = catalog::MEASURES.map(|measure| measure.name);
        let measure = choose("measure", &self.measure, catalog::measure(&self.measure), names)?;
        let mut filter = compare::filter(&self.filter)?;
        filter.platforms(&self.platforms);
        let ask = Ask {
            measures: vec![measure],
            by: compare::dimensions(&self.by)?,
            adjust: compare::dimensions(&self.adjust)?,
            filter,
            cluster: compare::cluster(self.cluster.as_deref())?,
            level: self.level,
            ..Ask::default()
        };
        compare::sensible(&ask)?;
        Ok(ask)
    }
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let (decided, _ground) = args.answer(shared)?;
    shown::show(decided, shared, out)
}

impl Args {
    /// The decision, and what it rests on: a store stays open until the answer is written.
    pub(super) fn answer(&self, shared: &Shared) -> Result<(Decided, Ground), Failure> {
        let (ask, declared) = (self.asked.ask()?, self.asked.declared()?);
        let ground = Ground::of(shared)?;
        let sheet = ground.sheet(shared, &self.reading, &Asked::wanted(&ask))?;
        let (decided, _) = self.asked.answered((ask, declared), &sheet, shared)?;
        ground.keep(self.asked.question(&self.reading), &decided.claim, shared);
        Ok((decided, ground))
    }
}

impl Asked {
    /// What was asked of a store with everything that follows from it, and the answer.
    pub(super) fn answer(
        &self,
        reading: &SheetArgs,
        log: &Log,
        shared: &Shared,
    ) -> Result<(Ask, Decided), Failure> {
        let (mut ask, declared) = (self.ask()?, self.declared()?);
        let sheet = store::sheet(shared, log, reading, &Self::wanted(&ask))?;
        let (decided, _) = self.answered((ask.clone(), declared), &sheet, shared)?;
        Self::by_service(&mut ask, &sheet);
        Ok((ask, decided))
    }

    /// What was declared of the platforms, refused where it is wrong whatever the store.
    pub(super) fn declared(&self) -> Result<Option<Declared<'_>>, Failure> {
        self.profiles.as_deref().map(Declared::read).transpose()
    }

    /// The dimensions whose levels an answer to `ask` needs.
    pub(super) fn wanted(ask: &Ask) -> Vec<Dimension> {
        let mut dimensions = wanted(ask);
        dimensions.extend([Dimension::Service, Dimension::Organisation]);
        dimensions.extend(GROUPED_BY);
        dimensions
    }

    /// Decides from the rows of a store; and what was declared, with every name held against what there is.
    pub(super) fn answered(
        &self,
        (mut ask, declared): (Ask, Option<Declared<'_>>),
        sheet: &Sheet,
        shared: &Shared,
    ) -> Result<(Decided, Option<Profiles>), Failure> {
        compare::known_platforms(sheet, &self.platforms, None)?;
        sheet.note_unknown_levels(&ask.filter, shared);
        Self::by_service(&mut ask, sheet);
        let ruled = self.ruled();
        let decide =
            |rule: &Rule, beside: &replay::Declared<'_>| decide(sheet, &ask, rule, beside, shared.threads());
        let (decided, profiles) = ruled.decided((&ask, declared), sheet, shared, decide)?;
        let decided = decided.ok_or_else(|| no_share(&self.measure))?;
        Ok((decided, profiles))
    }

    /// Strata are services where nothing else is asked, and somebody recorded them.
    fn by_service(ask: &mut Ask, sheet: &Sheet) {
        if are_services(ask) && sheet.is_recorded(Dimension::Service) {
            ask.by.push(Dimension::Service);
        }
    }

    fn ruled(&self) -> Ruled {
        Ruled { delta: self.delta, price: self.price, level: self.level }
    }

    /// What it was asked with, as it is written on the command line.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = self.platforms.clone();
        let mut say = |name: &str, value: String| words.extend([name.to_owned(), value]);
        if self.measure != "undisturbed" {
            say("--measure", self.measure.clone());
        }
        for (name, list) in [("--by", &self.by), ("--adjust", &self.adjust)] {
            if !list.is_empty() {
                say(name, list.join(","));
            }
        }
        self.filter.iter().for_each(|filter| say("--where", filter.clone()));
        self.cluster.iter().for_each(|cluster| say("--cluster", cluster.clone()));
        words.extend(self.ruled().words(self.profiles.as_deref()));
        words
    }
}

/// Whether strata are services, if somebody recorded them: where nothing else is asked, and they serve nothing else.
pub(super) fn are_services(ask: &Ask) -> bool {
    let used = matches!(ask.cluster, ClusterChoice::By(Dimension::Service))
        || ask.adjust.contains(&Dimension::Service);
    ask.by.is_empty() && !used
}

/// Why nothing can be decided by a measure of this name.
pub(super) fn no_share(measure: &str) -> Failure {
    Failure::Usage(format!(
        "{measure} is no share of consultations: a decision needs one, such as undisturbed or completed_on_video"
    ))
}

/// What a decision is asked with, whatever it rests on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ruled {
    /// The difference that matters.
    pub(super) delta: f64,
    /// What each platform beyond the first costs.
    pub(super) price: Price,
    /// How sure a verdict must be.
    pub(super) level: f64,
}

impl Default for Ruled {
    /// What `evenfield decide` takes where nothing is said.
    fn default() -> Self {
        Self { delta: 0.01, price: Price { lowest: 0.0, highest: 0.0 }, level: 0.95 }
    }
}

impl Ruled {
    /// What is not as it usually is, with the file of what was declared, as it is written on the command line.
    pub(super) fn words(&self, profiles: Option<&Path>) -> Vec<String> {
        let mut words = Vec::new();
        let mut say = |name: &str, value: String| words.extend([name.to_owned(), value]);
        let usual = Self::default();
        for (name, number, usual) in
            [("--delta", self.delta, usual.delta), ("--level", self.level, usual.level)]
        {
            if number.to_bits() != usual.to_bits() {
                say(name, number.to_string());
            }
        }
        let Price { lowest, highest } = self.price;
        match self.price.cheapest() {
            Some(_) => say("--price", format!("{lowest}..{highest}")),
            None if highest > 0.0 => say("--price", highest.to_string()),
            None => {}
        }
        profiles.iter().for_each(|path| say("--platforms", path.display().to_string()));
        words
    }

    /// The decision, and what was declared, with every name held against what there is.
    pub(super) fn decided(
        self,
        (ask, declared): (&Ask, Option<Declared<'_>>),
        known: &impl Known,
        shared: &Shared,
        decide: impl FnOnce(&Rule, &replay::Declared<'_>) -> Result<Option<Decided>, NotComparable> + Send,
    ) -> Result<(Option<Decided>, Option<Profiles>), Failure> {
        compare::recorded(known, ask)?;
        let profiles = declared.map(|declared| declared.held_against(known, ask)).transpose()?;
        let rule = Rule { delta: self.delta, price: self.price.highest, level: self.level };
        let beside = replay::Declared { profiles: profiles.as_ref(), cheapest: self.price.cheapest() };
        let decided = progress::reasoning(shared, "deciding", || decide(&rule, &beside))??;
        Ok((decided, profiles))
    }
}

/// A file that declares what platforms can do, cost, and are needed for.
pub(super) struct Declared<'a> {
    path: &'a Path,
    bytes: Vec<u8>,
}

impl<'a> Declared<'a> {
    /// Reads the file, and refuses what is wrong with it whatever the store.
    pub(super) fn read(path: &'a Path) -> Result<Self, Failure> {
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(|error| no_file(path, &error))?;
        file.take(platforms::BYTES + 1).read_to_end(&mut bytes).map_err(|error| no_file(path, &error))?;
        let declared = Self { path, bytes };
        declared.profiles(&[], |_| Vec::new())?;
        Ok(declared)
    }

    fn profiles(
        &self,
        platforms: &[String],
        levels: impl Fn(Dimension) -> Vec<String>,
    ) -> Result<Profiles, Failure> {
        platforms::platforms(&self.bytes, platforms, levels)
            .map_err(|error| Failure::Input(format!("{}: {error}", self.path.display())))
    }

    /// What it says, with every name held against what there is.
    fn held_against(&self, known: &impl Known, ask: &Ask) -> Result<Profiles, Failure> {
        let levels = |dimension: Dimension| -> Vec<String> {
            known.levels(dimension).into_iter().filter(|level| level != NOT_RECORDED).collect()
        };
        let platforms = levels(Dimension::Platform);
        let declared = self.profiles(&[], |_| Vec::new())?;
        // Of nothing it is said that there is nothing, whatever was declared.
        if platforms.is_empty() {
            return Ok(declared);
        }
        for dimension in declared.dimensions() {
            let why = match (ask.by.contains(&dimension), known.is_recorded(dimension)) {
                (true, true) => continue,
                (true, false) => {
                    "and nobody recorded it here: no consultation could be told to have the need"
                }
                (false, _) => "and strata are not told apart by it: add it to --by",
            };
            let path = self.path.display();
            return Err(Failure::Usage(format!("{path} says what is needed by {dimension}, {why}")));
        }
        self.profiles(&platforms, levels)
    }
}
