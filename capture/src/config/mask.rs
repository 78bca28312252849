//! `mask` in `[source.NAME]`: what of a source's pictures never leaves theatre, and which sources need somebody's decision
//! on it. Making it black is `crate::mask`'s.
//!
//! Masks fail closed: where pictures usually tell who the patient is, a source without a decision is withheld, and so is one whose
//! mask is wrong.

use protocol::geometry::SizePx;
use protocol::layout::Role;
use serde::Deserialize;

use super::Source;

/// Areas of one mask at most: a screen has a dozen fields.
pub const MAX_AREAS: usize = 64;
/// Corners of one polygon at most.
pub const MAX_CORNERS: usize = 64;
/// The largest side of a picture that a mask can belong to: 8K.
const MAX_SIDE_PX: i64 = 8192;

/// What somebody decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mask {
    /// Nothing has to be covered.
    None(Decision),
    /// These areas are black.
    Areas(Areas),
}

/// Who decided that nothing has to be covered, and upon what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// A name or function, for people.
    pub decided_by: String,
    /// Whether they looked at the pictures.
    pub basis: Basis,
}

/// What a decision rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// What is known of the source.
    Knowledge,
    /// The pictures themselves.
    PicturesSeen,
}

/// Areas of a picture of one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Areas {
    /// The size of the picture they were drawn on. They belong to no other.
    pub size: SizePx,
    /// One at least.
    pub areas: Vec<Area>,
}

/// One area, in the picture's pixels from its upper left corner. An edge at 0 or at the picture's size is its edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Area {
    /// Left, top, width and height.
    Rectangle([u16; 4]),
    /// The corners in their order. What its edges go round is inside, also where they go round twice (non-zero winding
    /// rule): a polygon that crosses itself leaves no hole.
    Polygon(Vec<[u16; 2]>),
}

/// What is wrong with a mask, by the key below the source's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    key: String,
    fault: String,
}

impl Mask {
    /// Whether it is enough for DICOM pictures whose Burned In Annotation (0028,0301) is YES or missing: an area was
    /// drawn, or somebody looked and found that there is nothing to cover. Asked by whoever opens such a source.
    pub fn covers_burned_in(&self) -> bool {
        match self {
            Self::Areas(_) => true,
            Self::None(decision) => decision.basis == Basis::PicturesSeen,
        }
    }
}

impl Area {
    /// The corners, in their order.
    pub fn corners(&self) -> Vec<[u16; 2]> {
        match self {
            Self::Polygon(corners) => corners.clone(),
            Self::Rectangle([x, y, width, height]) => {
                let (right, bottom) = (x.saturating_add(*width), y.saturating_add(*height));
                vec![[*x, *y], [right, *y], [right, bottom], [*x, bottom]]
            }
        }
    }
}

/// The mask that the keys of one source's table tell; `None` without any of them.
pub(super) fn read(
    mask: Option<toml::Value>,
    decided_by: Option<toml::Value>,
    pictures_seen: Option<toml::Value>,
) -> Option<Result<Mask, Fault>> {
    let Some(mask) = mask else {
        let stray = decided_by.map(|_| "mask_decided_by").or(pictures_seen.map(|_| "mask_pictures_seen"))?;
        return Some(Err(wrong(stray, "belongs to mask = \"none\"; add that or take this out")));
    };
    Some(match mask {
        toml::Value::String(word) if word == "none" => decision(decided_by, pictures_seen).map(Mask::None),
        toml::Value::String(word) => {
            let text = format!("`{word}` is no mask; write \"none\" or {{ size = ..., areas = [...] }}");
            Err(wrong("mask", text))
        }
        drawn => match decided_by.or(pictures_seen) {
            Some(_) => Err(wrong("mask_decided_by", "belongs to mask = \"none\"; a drawn mask needs nobody's word")),
            None => areas(drawn).map(Mask::Areas),
        },
    })
}

/// What is wrong with the mask of `source`, which the file calls `name`, by its key: it is no mask, or is missing where somebody has
/// to decide. While it is so none of its pictures leave theatre.
pub fn fault(name: &str, source: &Source) -> Option<String> {
    match &source.mask {
        Err(Fault { key, fault }) => Some(format!("source.{name}.{key}: {fault}")),
        Ok(Some(_)) => None,
        Ok(None) => {
            let why = shows_identity(source.role, source.kind.name())?;
            Some(format!(
                "source.{name}.mask: is missing: {why} may show who the patient is. Draw one with `capture-node masks --source {name}`, \
                 or write mask = \"none\" and mask_decided_by = \"...\" with who decided that"
            ))
        }
    }
}

/// Kinds that make their pictures here, of nothing or of values without a name.
const DRAWN_HERE: [&str; 2] = ["scene", "vitals"];

/// What about a source makes it likely that its pictures tell who the patient is.
fn shows_identity(role: Role, kind: &str) -> Option<String> {
    match (kind, role) {
        (drawn, _) if DRAWN_HERE.contains(&drawn) => None,
        ("screen" | "dicom", _) => Some(format!("kind = \"{kind}\"")),
        (_, Role::Fluoroscopy) => Some("role = \"fluoroscopy\"".to_owned()),
        (_, Role::Vitals) => Some("role = \"vitals\"".to_owned()),
        (_, Role::Endoscope | Role::Room) => None,
    }
}

fn decision(decided_by: Option<toml::Value>, pictures_seen: Option<toml::Value>) -> Result<Decision, Fault> {
    let who = decided_by.as_ref().and_then(toml::Value::as_str).map(str::trim).filter(|who| !who.is_empty());
    let decided_by = who.ok_or_else(|| {
        wrong("mask_decided_by", "must say who decided that nothing has to be covered, such as \"Dr Adam, radiology\"")
    })?;
    let basis = match pictures_seen {
        None | Some(toml::Value::Boolean(false)) => Basis::Knowledge,
        Some(toml::Value::Boolean(true)) => Basis::PicturesSeen,
        Some(_) => return Err(wrong("mask_pictures_seen", "must be true or false")),
    };
    Ok(Decision { decided_by: decided_by.to_owned(), basis })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Drawn {
    size: Size,
    areas: Vec<Shape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Size {
    width: i64,
    height: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    rectangle: Option<Vec<i64>>,
    polygon: Option<Vec<Vec<i64>>>,
}

fn areas(drawn: toml::Value) -> Result<Areas, Fault> {
    let drawn: Drawn = drawn.try_into().map_err(|error: toml::de::Error| {
        let text = error.message().lines().next().unwrap_or_default().to_owned();
        wrong("mask", format!("{text}; write {{ size = {{ width = ..., height = ... }}, areas = [...] }}"))
    })?;
    let side = |px: i64| u16::try_from(px).ok().filter(|px| (1..=MAX_SIDE_PX).contains(&i64::from(*px)));
    let (Some(width), Some(height)) = (side(drawn.size.width), side(drawn.size.height)) else {
        return Err(wrong("mask.size", format!("must have a width and a height of 1 to {MAX_SIDE_PX} pixels")));
    };
    let size = SizePx { width, height };
    if drawn.areas.is_empty() || drawn.areas.len() > MAX_AREAS {
        let text = format!("must hold 1 to {MAX_AREAS} areas; for nothing to cover write mask = \"none\"");
        return Err(wrong("mask.areas", text));
    }
    let areas = drawn
        .areas
        .into_iter()
        .enumerate()
        .map(|(index, shape)| shape.area(size).map_err(|text| wrong(&format!("mask.areas[{index}]"), text)));
    Ok(Areas { size, areas: areas.collect::<Result<_, _>>()? })
}

impl Shape {
    fn area(self, size: SizePx) -> Result<Area, String> {
        match (self.rectangle, self.polygon) {
            (Some(rectangle), None) => rectangle_in(size, &rectangle),
            (None, Some(corners)) => polygon_in(size, &corners),
            _ => Err("must be { rectangle = [x, y, width, height] } or { polygon = [[x, y], [x, y], [x, y]] }".into()),
        }
    }
}

fn rectangle_in(size: SizePx, rectangle: &[i64]) -> Result<Area, String> {
    let &[x, y, width, height] = rectangle else {
        return Err(format!("a rectangle has four numbers, x, y, width, height, and not {}", rectangle.len()));
    };
    let outside = || format!("the rectangle reaches outside the picture, which is {}x{}", size.width, size.height);
    let px = |value: i64| u16::try_from(value).map_err(|_| outside());
    let area = [px(x)?, px(y)?, px(width)?, px(height)?];
    if width < 1 || height < 1 {
        return Err("the rectangle covers nothing: width and height must be 1 at least".into());
    }
    if x + width > i64::from(size.width) || y + height > i64::from(size.height) {
        return Err(outside());
    }
    Ok(Area::Rectangle(area))
}

fn polygon_in(size: SizePx, corners: &[Vec<i64>]) -> Result<Area, String> {
    if !(3..=MAX_CORNERS).contains(&corners.len()) {
        return Err(format!("a polygon has 3 to {MAX_CORNERS} corners, and not {}", corners.len()));
    }
    let corner = |corner: &Vec<i64>| {
        let &[x, y] = corner.as_slice() else { return Err("each corner of a polygon is [x, y]".to_owned()) };
        match (u16::try_from(x), u16::try_from(y)) {
            (Ok(x), Ok(y)) if x <= size.width && y <= size.height => Ok([x, y]),
            _ => Err(format!("corner [{x}, {y}] lies outside the picture, which is {}x{}", size.width, size.height)),
        }
    };
    let corners = corners.iter().map(corner).collect::<Result<Vec<_>, _>>()?;
    if lie_on_a_line(&corners) {
        return Err("the polygon covers nothing: its corners lie on one line".into());
    }
    Ok(Area::Polygon(corners))
}

/// Whether a polygon with these corners covers nothing.
pub(crate) fn lie_on_a_line(corners: &[[u16; 2]]) -> bool {
    let Some(first) = corners.first() else { return true };
    let from = |[x, y]: [u16; 2]| (i64::from(x) - i64::from(first[0]), i64::from(y) - i64::from(first[1]));
    let Some(along) = corners.iter().map(|corner| from(*corner)).find(|step| *step != (0, 0)) else { return true };
    corners.iter().map(|corner| from(*corner)).all(|(x, y)| x * along.1 == y * along.0)
}

fn wrong(key: &str, fault: impl Into<String>) -> Fault {
    Fault { key: key.to_owned(), fault: fault.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(keys: &str) -> Option<Result<Mask, Fault>> {
        let mut table: toml::Table = toml::from_str(keys).unwrap();
        read(table.remove("mask"), table.remove("mask_decided_by"), table.remove("mask_pictures_seen"))
    }

    fn drawn(areas: &str) -> Result<Mask, Fault> {
        told(&format!("mask = {{ size = {{ width = 640, height = 360 }}, areas = [{areas}] }}")).unwrap()
    }

    #[test]
    fn a_mask_has_rectangles_and_polygons_up_to_the_edges_of_its_picture() {
        let mask = drawn("{ rectangle = [0, 340, 640, 20] }, { polygon = [[0, 0], [640, 0], [0, 360]] }").unwrap();
        let polygon = Area::Polygon(vec![[0, 0], [640, 0], [0, 360]]);
        let areas = vec![Area::Rectangle([0, 340, 640, 20]), polygon];
        assert_eq!(mask, Mask::Areas(Areas { size: SizePx { width: 640, height: 360 }, areas }));
        assert!(mask.covers_burned_in());
        assert_eq!(told("role = \"room\""), None);
    }

    #[test]
    fn what_cannot_be_a_mask_is_told_with_its_key() {
        for (areas, key, text) in [
            ("", "mask.areas", "1 to 64 areas"),
            ("{}", "mask.areas[0]", "must be { rectangle"),
            ("{ rectangle = [0, 0, 1, 1], polygon = [] }", "mask.areas[0]", "must be { rectangle"),
            ("{ rectangle = [0, 0, 1] }", "mask.areas[0]", "four numbers, x, y, width, height, and not 3"),
            ("{ rectangle = [0, 0, 641, 1] }", "mask.areas[0]", "outside the picture, which is 640x360"),
            ("{ rectangle = [-1, 0, 9, 1] }", "mask.areas[0]", "outside the picture"),
            ("{ rectangle = [9, 9, 0, 1] }", "mask.areas[0]", "covers nothing"),
            ("{ rectangle = [0, 0, 1, 1] }, { polygon = [[0, 0], [1, 1]] }", "mask.areas[1]", "3 to 64 corners"),
            ("{ polygon = [[0, 0], [1, 1], [641, 5]] }", "mask.areas[0]", "corner [641, 5] lies outside"),
            ("{ polygon = [[0, 0], [1, 1], [5]] }", "mask.areas[0]", "each corner of a polygon is [x, y]"),
            ("{ polygon = [[1, 1], [3, 3], [9, 9]] }", "mask.areas[0]", "its corners lie on one line"),
            ("{ polygon = [[1, 1], [1, 1], [1, 1]] }", "mask.areas[0]", "its corners lie on one line"),
            ("{ recangle = [0, 0, 1, 1] }", "mask", "unknown field `recangle`"),
        ] {
            let fault = drawn(areas).unwrap_err();
            assert!(fault.key == key && fault.fault.contains(text), "{areas}: {fault:?}");
        }
        let empty = told("mask = { size = { width = 0, height = 9 }, areas = [] }").unwrap().unwrap_err();
        assert_eq!(empty.key, "mask.size");
        let word = told("mask = \"off\"").unwrap().unwrap_err();
        assert!(word.fault.contains("`off` is no mask"), "{word:?}");
        let sizeless = told("mask = { areas = [] }").unwrap().unwrap_err();
        assert!(sizeless.fault.contains("missing field `size`"), "{sizeless:?}");
    }

    #[test]
    fn none_needs_who_decided_and_says_whether_they_looked() {
        for nobody in
            ["mask = \"none\"", "mask = \"none\"\nmask_decided_by = \" \"", "mask = \"none\"\nmask_decided_by = 1"]
        {
            assert_eq!(told(nobody).unwrap().unwrap_err().key, "mask_decided_by", "{nobody}");
        }
        let by_knowledge = told("mask = \"none\"\nmask_decided_by = \"Dr Adam\"").unwrap().unwrap();
        assert!(!by_knowledge.covers_burned_in());
        let seen = told("mask = \"none\"\nmask_decided_by = \"Dr Adam\"\nmask_pictures_seen = true").unwrap().unwrap();
        assert!(seen.covers_burned_in());
        for stray in ["mask_decided_by = \"x\"", "mask_pictures_seen = true"] {
            assert!(told(stray).unwrap().unwrap_err().fault.contains("belongs to mask = \"none\""));
        }
    }

    #[test]
    fn a_decision_is_needed_for_roles_and_kinds_that_show_names_unless_the_picture_is_drawn_here() {
        for (role, kind, needed) in [
            (Role::Fluoroscopy, "gstreamer", true),
            (Role::Vitals, "file", true),
            (Role::Room, "screen", true),
            (Role::Endoscope, "dicom", true),
            (Role::Endoscope, "v4l2", false),
            (Role::Room, "rtsp", false),
            (Role::Fluoroscopy, "scene", false),
            (Role::Vitals, "vitals", false),
        ] {
            assert_eq!(shows_identity(role, kind).is_some(), needed, "{role:?} {kind}");
        }
    }
}
