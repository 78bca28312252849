//! What the mentor asks of the console through the window. Strokes are not commands: they go past the window's
//! drawing, straight from the pointer to theatre (see `pen`).

use protocol::arrangement::Wish;
use protocol::call::Asked;
use protocol::ids::SourceId;
use protocol::mark::{Ink, Width};

use crate::state::DrillForm;

/// One thing asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Draw with this ink from now on.
    Ink(Ink),
    /// Draw this thick from now on.
    Width(Width),
    /// Take back the newest mark that is still on the board.
    Undo,
    /// Take back all marks.
    Clear,
    /// Ask theatre for a still of this source.
    AskStill(SourceId),
    /// Show what happens now instead of the still.
    BackToLive,
    /// Have a room camera look where it rests.
    CameraHome(SourceId),
    /// Put the card away that says what to try.
    DismissCard,
    /// Show or hide where the milliseconds go.
    ToggleStages,
    /// Show or hide the panel of vital signs.
    ToggleVitals,
    /// Show or hide the panel of layouts.
    ToggleLayouts,
    /// Ask theatre for this layout and main source.
    Arrange(Wish),
    /// Show the form for a drill, filled in so; or put it away.
    DrillForm(Option<DrillForm>),
    /// Begin a drill as the form has it.
    BeginDrill(DrillForm),
    /// End this console's drill.
    EndDrill,
    /// Ask the team for this, or take back what was asked.
    Call(Option<Asked>),
}
