//! `[vitals]`: where the patient's vital signs come from. Listening, playing and making them up is `crate::vitals`'s.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Recordings that are played at once at most: curves in one, numbers in another, and two to spare.
const MAX_RECORDS: usize = 4;

/// Where vital signs come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Table")]
pub enum Vitals {
    /// Monitors or their gateway connect and send HL7 v2.6 messages (IHE PCD-01, WCM, PCD-04) over MLLP.
    Hl7 {
        /// The address and TCP port to listen on.
        listen: SocketAddr,
        /// The one bed that counts, as the monitors name it in PV1-3: `point of care^room^bed`.
        bed: String,
    },
    /// Recordings in the WFDB format of PhysioNet, played in a loop.
    Wfdb {
        /// The records' names with their folders, without `.hea`.
        records: Vec<PathBuf>,
    },
    /// A resting, ventilated adult who does not exist.
    Generator,
}

impl Vitals {
    /// The same with relative paths made relative to the folder of the file at `config`.
    pub(super) fn beside(mut self, config: &Path) -> Self {
        if let Self::Wfdb { records } = &mut self {
            records.iter_mut().for_each(|record| *record = super::beside(config, record));
        }
        self
    }
}

/// The keys as they stand in the file. One flat table, because serde cannot refuse unknown keys of a tagged enum.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    kind: KindName,
    listen: Option<SocketAddr>,
    bed: Option<String>,
    records: Option<Vec<PathBuf>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindName {
    Hl7,
    Wfdb,
    Generator,
}

impl TryFrom<Table> for Vitals {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        table.refuse_keys_of_other_kinds()?;
        match table.kind {
            KindName::Hl7 => Ok(Self::Hl7 {
                listen: table.listen.ok_or("kind = \"hl7\" needs the key `listen`, such as \"0.0.0.0:2575\"")?,
                bed: checked_bed(table.bed.ok_or(
                    "kind = \"hl7\" needs the key `bed`: the place that the monitors name in PV1-3, such as \"OR^3^1\"",
                )?)?,
            }),
            KindName::Wfdb => {
                let records = table.records.ok_or("kind = \"wfdb\" needs the key `records`")?;
                if records.is_empty() || records.len() > MAX_RECORDS {
                    return Err(format!("`records` must name 1 to {MAX_RECORDS} records"));
                }
                Ok(Self::Wfdb { records })
            }
            KindName::Generator => Ok(Self::Generator),
        }
    }
}

impl Table {
    fn refuse_keys_of_other_kinds(&self) -> Result<(), String> {
        let keys = [
            ("listen", self.listen.is_some(), KindName::Hl7),
            ("bed", self.bed.is_some(), KindName::Hl7),
            ("records", self.records.is_some(), KindName::Wfdb),
        ];
        match keys.iter().find(|(_, given, kind)| *given && *kind != self.kind) {
            Some((key, _, kind)) => {
                let kind = format!("{kind:?}").to_lowercase();
                Err(format!("key `{key}` belongs to kind = \"{kind}\"; take it out or change the kind"))
            }
            None => Ok(()),
        }
    }
}

/// A place without any name would be every monitor's that does not know where it stands.
fn checked_bed(bed: String) -> Result<String, String> {
    let components = bed.split('^').count();
    if components > 4 || bed.split('^').all(|component| component.trim().is_empty()) {
        return Err(
            "`bed` must be the place as the monitors name it in PV1-3: point of care^room^bed, and ^facility if they name one"
                .into(),
        );
    }
    Ok(bed)
}
