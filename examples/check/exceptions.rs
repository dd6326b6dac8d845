//! Cases that come out in another way than their manifest says, each with the reason.

use toml::{Table, Value};

use crate::cli::{Problem, Rigour};
use crate::expectation::Failure;
use crate::input;

/// The listed cases. A case that is listed and comes out as expected all the same is a failure: the list is stale.
#[derive(Default)]
pub(crate) struct Exceptions(Vec<Exception>);

struct Exception {
    case: String,
    list: &'static List,
    /// Why, or what it waits for.
    remark: String,
    /// The code that it has to be rejected with, so that nothing worse hides behind the entry.
    code: Option<String>,
}

/// A kind of list.
struct List {
    /// The name of its entries.
    entry: &'static str,
    /// The field with the remark.
    remark: &'static str,
    /// What the remark begins with in the line of a case.
    label: &'static str,
}

/// Differing is right.
static DEVIATIONS: List = List { entry: "deviation", remark: "reason", label: "deviation" };
/// Differing will end.
static PENDING: List = List { entry: "pending", remark: "waits_for", label: "waits for" };

impl Exceptions {
    /// Reads the files that there are. Entries for another rigour are left out.
    pub(crate) fn read(deviations: Option<&str>, pending: Option<&str>, rigour: Rigour) -> Result<Self, Problem> {
        let mut exceptions = Self::default();
        for (file, list) in [(deviations, &DEVIATIONS), (pending, &PENDING)] {
            if let Some(file) = file {
                let text = input::read_text(file)?;
                exceptions.add(&text, list, rigour).map_err(|trouble| Problem::new(format!("{file}: {trouble}")))?;
            }
        }
        Ok(exceptions)
    }

    fn add(&mut self, text: &str, list: &'static List, rigour: Rigour) -> Result<(), String> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        if let Some(name) = table.keys().find(|name| *name != list.entry) {
            return Err(format!("[[{name}]] is unknown here, entries are [[{}]]", list.entry));
        }
        let none = Value::Array(Vec::new());
        let entries = table.get(list.entry).unwrap_or(&none).as_array();
        let entries = entries.ok_or_else(|| format!("{} is no array of tables", list.entry))?;
        for entry in entries {
            let (exception, applies) = read_entry(entry, list, rigour)?;
            if self.0.iter().any(|known| applies && known.case == exception.case) {
                return Err(format!("{} is listed twice", exception.case));
            }
            self.0.extend(Some(exception).filter(|_| applies));
        }
        Ok(())
    }

    /// Turns the result of a case around if it is listed. A pass can have a remark.
    pub(crate) fn apply(&self, case: &str, result: Result<(), Failure>) -> Result<Option<String>, Failure> {
        let Some(exception) = self.0.iter().find(|exception| exception.case == case) else {
            return result.map(|()| None);
        };
        match result {
            Err(Failure::Differs { code, .. }) if exception.is_met_by(code) => {
                Ok(Some(format!("{}: {}", exception.list.label, exception.remark)))
            }
            Err(Failure::Differs { how, code }) => {
                let how = format!("{how}, and not {} as listed", exception.code.as_deref().unwrap_or_default());
                Err(Failure::Differs { how, code })
            }
            Err(failure) => Err(failure),
            Ok(()) => {
                let how = format!("comes out as expected: remove its [[{}]]", exception.list.entry);
                Err(Failure::Differs { how, code: None })
            }
        }
    }
}

impl Exception {
    fn is_met_by(&self, code: Option<&str>) -> bool {
        self.code.is_none() || self.code.as_deref() == code
    }
}

/// An entry, and whether it is for that rigour.
fn read_entry(entry: &Value, list: &'static List, rigour: Rigour) -> Result<(Exception, bool), String> {
    let entry = entry.as_table().ok_or_else(|| format!("{} is no array of tables", list.entry))?;
    if let Some(name) = entry.keys().find(|name| !["case", "code", "mode", list.remark].contains(&name.as_str())) {
        return Err(format!("{name:?} is no field of [[{}]]", list.entry));
    }
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let required =
        |name: &str| text(name).map(str::to_owned).ok_or_else(|| format!("[[{}]] without {name}", list.entry));
    let exception = Exception {
        case: required("case")?,
        list,
        remark: required(list.remark)?,
        code: text("code").map(str::to_owned),
    };
    match (entry.get("mode"), text("mode")) {
        (None, _) => Ok((exception, true)),
        (_, Some("strict")) => Ok((exception, rigour == Rigour::ListedReason)),
        _ => Err(format!("{}: the only mode is \"strict\"", exception.case)),
    }
}
