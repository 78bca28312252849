//! One thing that was tried, and what came of it.

use serde::{Deserialize, Serialize};

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// The operation can begin; somebody should know.
    Warn,
    /// It cannot begin like this.
    Fail,
}

/// What was seen of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was tried, such as `source endoscope`.
    pub part: String,
    /// How it went.
    pub verdict: Verdict,
    /// What was seen.
    pub told: String,
    /// What to do about it; nothing where it passed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub advice: Option<String>,
    /// What of it should be the same the next time: no measured number, which never is.
    pub constant: String,
}

impl Verdict {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

impl Finding {
    /// It is as it should be. What was seen holds until the next time.
    pub fn pass(part: impl Into<String>, told: impl Into<String>) -> Self {
        let told = told.into();
        Self { part: part.into(), verdict: Verdict::Pass, constant: told.clone(), told, advice: None }
    }

    /// Somebody should know, and do this.
    pub fn warn(part: impl Into<String>, told: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warn, advice: Some(advice.into()), ..Self::pass(part, told) }
    }

    /// It does not work; this has to be done.
    pub fn fail(part: impl Into<String>, told: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, advice: Some(advice.into()), ..Self::pass(part, told) }
    }

    /// Only `constant` of it should be the same the next time.
    pub fn measured(self, constant: impl Into<String>) -> Self {
        Self { constant: constant.into(), ..self }
    }

    /// For people at a terminal.
    pub fn line(&self) -> String {
        let advice = self.advice.as_ref().map(|advice| format!("\n      -> {advice}")).unwrap_or_default();
        format!("{:4}  {}: {}{advice}", self.verdict.word(), self.part, self.told)
    }
}
