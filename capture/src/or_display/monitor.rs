//! A window that fills one monitor of an X server, named as `xrandr --listmonitors` does. What is shown in it is the sink's.

use x11rb::connection::Connection as _;
use x11rb::properties::WmSizeHints;
use x11rb::protocol::randr::{ConnectionExt as _, MonitorInfo};
use x11rb::protocol::xproto::{
    AtomEnum, ConnectionExt as _, CreateWindowAux, InputFocus, PropMode, Screen, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use super::hand::Ear;
use super::touch::Touches;

/// The window; closed when dropped.
pub struct Window {
    connection: RustConnection,
    id: u32,
    _touches: Option<Touches>,
}

/// The last argument's failure in words.
type Told<T> = Result<T, String>;

impl Window {
    /// Opens it over the monitor called `name` of the server that `DISPLAY` names. Touches go to `ear`; keys are the sink's.
    ///
    /// # Errors
    /// There is no such server or monitor; the text lists the monitors there are.
    pub fn open(name: &str, title: &str, ear: Ear) -> Told<Self> {
        let (connection, screen) = x11rb::connect(None).map_err(|error| format!("no X server: {error}"))?;
        let screen = connection.setup().roots.get(screen).cloned().ok_or("the X server has no screen")?;
        let place = find(&connection, &screen, name)?;
        let id = create(&connection, &screen, &place, title).map_err(|error| error.to_string())?;
        let touches = Touches::hear(id, ear);
        let touches = touches.map_err(|error| tracing::error!("touches of the window do nothing: {error}")).ok();
        Ok(Self { connection, id, _touches: touches })
    }

    /// Its number at the X server.
    pub fn id(&self) -> u32 {
        self.id
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let closed = self.connection.destroy_window(self.id).map(drop).and_then(|()| self.connection.flush());
        if let Err(error) = closed {
            tracing::debug!("the window went before it was closed: {error}");
        }
    }
}

fn find(connection: &RustConnection, screen: &Screen, name: &str) -> Told<MonitorInfo> {
    let monitors = connection.randr_get_monitors(screen.root, true).map_err(|error| error.to_string())?.reply();
    let monitors = monitors.map_err(|error| format!("the X server tells no monitors: {error}"))?.monitors;
    let mut known = Vec::new();
    for monitor in monitors {
        let told = connection.get_atom_name(monitor.name).map_err(|error| error.to_string())?.reply();
        let told = String::from_utf8_lossy(&told.map_err(|error| error.to_string())?.name).into_owned();
        if told == name {
            return Ok(monitor);
        }
        known.push(format!("\"{told}\""));
    }
    Err(format!("there is no monitor \"{name}\"; there are: {}", known.join(", ")))
}

fn create(
    connection: &RustConnection,
    screen: &Screen,
    place: &MonitorInfo,
    title: &str,
) -> Result<u32, x11rb::errors::ReplyOrIdError> {
    let id = connection.generate_id()?;
    let MonitorInfo { x, y, width, height, .. } = *place;
    let look = CreateWindowAux::new().background_pixel(screen.black_pixel);
    connection
        .create_window(0, id, screen.root, x, y, width, height, 0, WindowClass::INPUT_OUTPUT, 0, &look)?
        .check()?;
    let hints = WmSizeHints {
        position: Some((x11rb::properties::WmSizeHintsSpecification::UserSpecified, x.into(), y.into())),
        ..WmSizeHints::new()
    };
    hints.set_normal_hints(connection, id)?;
    connection.change_property8(PropMode::REPLACE, id, AtomEnum::WM_NAME, AtomEnum::STRING, title.as_bytes())?;
    // Extended Window Manager Hints: a manager puts it over everything; where there is none it lies where it was made.
    let atom = |name: &[u8]| -> Result<u32, x11rb::errors::ReplyOrIdError> {
        Ok(connection.intern_atom(false, name)?.reply()?.atom)
    };
    let (state, full) = (atom(b"_NET_WM_STATE")?, atom(b"_NET_WM_STATE_FULLSCREEN")?);
    connection.change_property32(PropMode::REPLACE, id, state, AtomEnum::ATOM, &[full])?;
    connection.map_window(id)?.check()?;
    // Keys come here; a manager that has not shown the window yet gives it the focus itself.
    if let Err(error) = connection.set_input_focus(InputFocus::PARENT, id, x11rb::CURRENT_TIME)?.check() {
        tracing::debug!("the window has not the focus yet: {error:?}");
    }
    Ok(id)
}
