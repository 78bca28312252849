//! What the house looks like: the theme and the few widgets that windows share. Every colour and text size of a
//! window is named here and nowhere else. What a state or a path *is*, and what a tool does, is left to the programs.

pub mod badge;
pub mod icon;
pub mod theme;
pub mod tool_button;
