//! Alarms in a message (IHE PCD-04, Report Alert): each is a row of observations, one a facet, below one order (OBR). Free
//! text is not looked at: it is the one place where a name could stand.

use protocol::vitals::{AlarmState, Deviation, Inactivation, Priority, Term};
use vitals::terms;

use super::device::Place;
use super::report::{Observation, Report, term};
use crate::vitals::device_clock::DeviceTime;

/// Partition of events in the nomenclature: a term of it names what happened.
const EVENTS: u32 = 3;
/// MDC_EVT_ALARM: what happened stands in the value.
const ALARM: Term = Term(196_616);

/// An alarm as a device tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// The quantity it is about.
    pub source: Term,
    /// Where in the device.
    pub place: Place,
    /// What happened.
    pub event: Term,
    /// Which way the value went.
    pub deviation: Deviation,
    /// How urgent it is.
    pub priority: Priority,
    /// Whether it holds.
    pub state: AlarmState,
    /// Whether it is signalled.
    pub inactivation: Inactivation,
    /// When the device said so; `None` if it does not tell.
    pub at: Option<DeviceTime>,
}

/// Another order begins: whatever follows belongs to a new alarm.
pub(super) fn next(report: &mut Report, is_alarm: bool) {
    if is_alarm {
        report.alarms.push(Alarm::blank());
    }
}

/// Takes a facet of the newest alarm.
pub(super) fn observe(report: &mut Report, observation: &Observation<'_>) {
    let Some(alarm) = report.alarms.last_mut() else {
        report.left_out += 1;
        return;
    };
    if terms::label(alarm.source).is_none() {
        alarm.place = observation.place;
    }
    alarm.at = alarm.at.max(observation.at);
    let value = observation.value().first();
    let word = value.code().unwrap_or_default();
    match observation.name {
        "MDC_ATTR_EVENT_PHASE" | "MDC_ATTR_EVT_PHASE" if word == "end" => alarm.state = AlarmState::Inactive,
        "MDC_ATTR_ALARM_STATE" | "MDC_ATTR_ALERT_STATE" => alarm.hold(word),
        "MDC_ATTR_ALARM_INACTIVATION_STATE" | "MDC_ATTR_ALERT_INACTIVATION_STATE" => {
            // Several may hold at once; the first that takes anything away is told.
            let mut states = observation.value().repetitions().filter_map(|state| state.code()).map(inactivation);
            let told = states.find(|state| *state != Inactivation::Enabled);
            alarm.inactivation = told.unwrap_or(Inactivation::Enabled);
        }
        "MDC_ATTR_ALARM_PRIORITY" | "MDC_ATTR_ALERT_PRIORITY" => {
            let told = value.repetitions().filter_map(|word| word.code()).filter_map(priority).max();
            alarm.priority = alarm.priority.max(told.unwrap_or(Priority::Unknown));
        }
        "MDC_ATTR_ALERT_SOURCE" => {
            let source = term(observation.value());
            alarm.about(source, observation.place);
        }
        _ if observation.term == ALARM => alarm.happened(observation, term(observation.value())),
        _ if observation.term.0 >> 16 == EVENTS => alarm.happened(observation, observation.term),
        _ => alarm.about(observation.term, observation.place),
    }
}

/// Nothing follows. An order that told of no event and of no quantity is no alarm.
pub(super) fn finish(report: &mut Report) {
    let before = report.alarms.len();
    report.alarms.retain(|alarm| alarm.event.0 != 0 || terms::label(alarm.source).is_some());
    report.left_out += (before - report.alarms.len()) as u64;
}

impl Alarm {
    fn blank() -> Self {
        Self {
            source: Term(0),
            place: Place::default(),
            event: Term(0),
            deviation: Deviation::Other,
            priority: Priority::Unknown,
            state: AlarmState::Active,
            inactivation: Inactivation::Enabled,
            at: None,
        }
    }

    /// The first quantity with a label is what it is about.
    fn about(&mut self, source: Term, place: Place) {
        if terms::label(self.source).is_none() && terms::label(source).is_some() {
            (self.source, self.place) = (source, place);
        }
    }

    fn hold(&mut self, state: &str) {
        match state {
            "inactive" | "off" => self.state = AlarmState::Inactive,
            "latched" if self.state == AlarmState::Active => self.state = AlarmState::Latched,
            _ => {}
        }
    }

    fn happened(&mut self, observation: &Observation<'_>, event: Term) {
        self.event = event;
        let coded = if observation.term == ALARM { observation.value() } else { observation.segment.field(3) };
        let name = coded.component(2).code().unwrap_or_default();
        self.deviation = match name {
            _ if observation.is_flagged(&["H", "HH", ">"]) => Deviation::High,
            _ if observation.is_flagged(&["L", "LL", "<"]) => Deviation::Low,
            name if name.starts_with("MDC_EVT_HI") => Deviation::High,
            name if name.starts_with("MDC_EVT_LO") => Deviation::Low,
            _ => Deviation::Other,
        };
        let flags = observation.segment.field(8).repetitions().filter_map(|flag| flag.code());
        self.priority = flags.filter_map(priority).max().unwrap_or(self.priority);
    }
}

fn priority(word: &str) -> Option<Priority> {
    match word {
        "PH" => Some(Priority::High),
        "PM" => Some(Priority::Medium),
        "PL" => Some(Priority::Low),
        _ => None,
    }
}

fn inactivation(word: &str) -> Inactivation {
    match word {
        "audio-paused" => Inactivation::AudioPaused,
        "audio-off" => Inactivation::AudioOff,
        "alarm-paused" => Inactivation::AlarmPaused,
        "alarm-off" => Inactivation::AlarmOff,
        "alert-acknowledged" => Inactivation::Acknowledged,
        _ => Inactivation::Enabled,
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Message;
    use super::super::report;
    use super::*;

    fn alarms(observations: &str) -> Vec<Alarm> {
        let text = format!(
            "MSH|^~\\&|M|||||||ORU^R40|1|P|2.6\rOBR|1|||196616^MDC_EVT_ALARM^MDC|||20240101120000\r{observations}"
        );
        report::read(&Message::read(text.as_bytes()).unwrap(), true).unwrap().alarms
    }

    fn facets(event: &str, phase: &str, state: &str, inactivation: &str) -> String {
        format!(
            "OBX|1|{event}\rOBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.2.1.150456.2|84|262688^MDC_DIM_PERCENT^MDC|90-100\r\
             OBX|3|ST|68481^MDC_ATTR_EVENT_PHASE^MDC|1.2.1.150456.3|{phase}\r\
             OBX|4|ST|68482^MDC_ATTR_ALARM_STATE^MDC|1.2.1.150456.4|{state}\r\
             OBX|5|ST|68483^MDC_ATTR_ALARM_INACTIVATION_STATE^MDC|1.2.1.150456.5|{inactivation}\r"
        )
    }

    #[test]
    fn an_alarm_is_read_from_its_facets_in_the_newer_and_the_older_form() {
        for event in [
            "ST|196616^MDC_EVT_ALARM^MDC|1.2.1.150456.1|196674^MDC_EVT_LO_VAL_LT_LIM^MDC|||L~PH~SP",
            "ST|196674^MDC_EVT_LO_VAL_LT_LIM^MDC|1.2.1.150456.1|SPO2 LOW Jane Doe|||PH~SP",
        ] {
            let alarms = alarms(&facets(event, "start", "active", "enabled~audio-paused"));
            let [alarm] = &alarms[..] else { panic!("{alarms:?}") };
            assert_eq!((alarm.source, alarm.place.numbers, alarm.event), (terms::OXYGEN, [1, 2, 1], Term(196_674)));
            assert_eq!((alarm.deviation, alarm.priority), (Deviation::Low, Priority::High));
            assert_eq!((alarm.state, alarm.inactivation), (AlarmState::Active, Inactivation::AudioPaused));
        }
    }

    #[test]
    fn an_alarm_ends_by_its_phase_or_its_state_and_a_latched_one_goes_on() {
        let event = "ST|196616^MDC_EVT_ALARM^MDC|1.2.1.1.1|196674^MDC_EVT_LO_VAL_LT_LIM^MDC|||L~PM~SP";
        let state = |phase, state| alarms(&facets(event, phase, state, "enabled"))[0].state;
        assert_eq!(state("end", "active"), AlarmState::Inactive);
        assert_eq!(state("update", "inactive"), AlarmState::Inactive);
        assert_eq!(state("update", "latched"), AlarmState::Latched);
        assert_eq!(state("continue", "active"), AlarmState::Active);
    }

    #[test]
    fn an_order_that_tells_nothing_is_no_alarm() {
        assert_eq!(alarms("OBX|1|ST|68481^MDC_ATTR_EVENT_PHASE^MDC|1.1.1.1|start\r"), []);
    }
}
