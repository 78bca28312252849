//! The window's loop: eframe's own, inside a handler that sees every event first. So the moment a repaint was on the
//! screen is known, and pointer events reach the pen before anything is drawn.
//!
//! eframe draws, swaps the buffers and returns within the one call that handles `RedrawRequested`; the time after
//! that call is the time of showing.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use eframe::egui::{self, ViewportBuilder};
use eframe::egui_glow::GlowConfiguration;
use eframe::{CreationContext, EframeWinitApplication, NativeOptions, UserEvent};
use program::clock;
use ui::theme;
use winit::application::ApplicationHandler;
use winit::event::{ElementState, MouseButton, StartCause, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop};
use winit::window::WindowId;

use crate::app::App;
use crate::hand::{Egui, Hand};
use crate::pen_window::PenWindow;
use crate::video_view::VideoView;
use crate::waker::Waker;

/// How soon the loop notices that the program was asked to stop.
const STOP_NOTICED: Duration = Duration::from_millis(100);
/// The smallest window everything fits into, in points.
const SMALLEST: [f32; 2] = [960.0, 640.0];

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no display to open one on.
    #[error("no display: {0}; start the console in a desktop session, or set DISPLAY (X11) or WAYLAND_DISPLAY to one")]
    NoDisplay(String),
    /// The display went away.
    #[error("the display went away: {0}; start the console again when it is back")]
    DisplayGone(String),
    /// The window cannot draw.
    #[error("the window cannot be opened: {0}")]
    NoWindow(String),
}

/// How the window begins.
#[derive(Debug, Clone, Copy)]
pub struct Opening {
    /// Its content's size in points.
    pub size: [f32; 2],
}

/// Opens the window and runs it until it is closed, or until `asked` says that the program has to stop.
///
/// # Errors
/// There is no display, or no OpenGL on it.
pub fn run(opening: Opening, app: App, waker: &Waker, asked: &Receiver<()>) -> Result<(), Error> {
    let event_loop = EventLoop::<UserEvent>::with_user_event().build().map_err(|_| Error::NoDisplay(displays()))?;
    let app = Rc::new(RefCell::new(app));
    let fault = Rc::new(RefCell::new(Some(
        "OpenGL 2.1 or OpenGL ES 2.0 does not start on this display; check the graphics driver".to_owned(),
    )));
    let creator = {
        let (app, fault, waker) = (Rc::clone(&app), Rc::clone(&fault), waker.clone());
        move |context: &CreationContext<'_>| {
            let made = create(context, &app, &waker);
            *fault.borrow_mut() = made.as_ref().err().map(ToString::to_string);
            made
        }
    };
    let eframe = eframe::create_native("Mentor console", options(opening), Box::new(creator), &event_loop);
    let mut handler = Handler { eframe, app, asked: asked.clone(), held: None };
    event_loop.run_app(&mut handler).map_err(|error| Error::DisplayGone(error.to_string()))?;
    match fault.borrow_mut().take() {
        Some(fault) => Err(Error::NoWindow(fault)),
        None => Ok(()),
    }
}

/// Which displays the environment names; winit's own words name its source files.
fn displays() -> String {
    let named = ["WAYLAND_DISPLAY", "DISPLAY"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok().map(|value| format!("{name}={value}")));
    match named.collect::<Vec<_>>().join(" ") {
        none if none.is_empty() => "neither DISPLAY nor WAYLAND_DISPLAY is set".into(),
        named => format!("{named} does not answer"),
    }
}

/// No vertical synchronisation: a swap that waits for the monitor holds the pen and the next picture back by up to a
/// refresh, and pictures come at half the monitor's rate anyway. No dithering: it costs time and nothing here bands.
fn options(opening: Opening) -> NativeOptions {
    NativeOptions {
        viewport: ViewportBuilder::default()
            .with_inner_size(opening.size)
            .with_min_inner_size(SMALLEST)
            .with_title("Mentor console"),
        glow_options: GlowConfiguration { vsync: false, ..GlowConfiguration::default() },
        dithering: false,
        centered: false,
        ..NativeOptions::default()
    }
}

type Created = Result<Box<dyn eframe::App>, Box<dyn std::error::Error + Send + Sync>>;

fn create(context: &CreationContext<'_>, app: &Rc<RefCell<App>>, waker: &Waker) -> Created {
    theme::install(&context.egui_ctx);
    let gl = context.gl.clone().ok_or("eframe gave no OpenGL context")?;
    let mut app_now = app.borrow_mut();
    let hand = Hand::new(app_now.console.clone(), waker.clone());
    app_now.open(VideoView::new(gl)?, PenWindow::over(context, hand));
    waker.set(context.egui_ctx.clone());
    Ok(Box::new(Content(Rc::clone(app))))
}

/// The application as eframe knows it.
struct Content(Rc<RefCell<App>>);

impl eframe::App for Content {
    fn logic(&mut self, _: &egui::Context, _: &mut eframe::Frame) {
        self.0.borrow_mut().logic(clock::now());
    }

    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        self.0.borrow_mut().ui(ui, clock::now());
    }

    fn clear_color(&self, _: &egui::Visuals) -> [f32; 4] {
        theme::to_clear_colour(theme::PANEL)
    }

    fn on_exit(&mut self, _: Option<&eframe::glow::Context>) {
        self.0.borrow_mut().close();
    }
}

struct Handler<'a> {
    eframe: EframeWinitApplication<'a>,
    app: Rc<RefCell<App>>,
    asked: Receiver<()>,
    /// The newest move that egui was spared; it is told before anything that depends on where the pointer is.
    held: Option<WindowEvent>,
}

impl Handler<'_> {
    /// Gives the event to the pen; returns whether egui has to be told of it too.
    fn pen(&self, event: &WindowEvent) -> Egui {
        let now = clock::now();
        let mut app = self.app.borrow_mut();
        match event {
            WindowEvent::CursorMoved { position, .. } => app.hand.moved((position.x, position.y), now),
            WindowEvent::MouseInput { state, button, .. } if *button == MouseButton::Left => match state {
                ElementState::Pressed => app.hand.pressed(now),
                ElementState::Released => app.hand.released(now),
            },
            WindowEvent::Focused(false) => {
                app.hand.released(now);
                Egui::Tell
            }
            _ => Egui::Tell,
        }
    }

    fn repaint(&mut self, event_loop: &ActiveEventLoop, window: WindowId) {
        self.app.borrow().console.lock().pacing.begin(clock::now());
        self.eframe.window_event(event_loop, window, WindowEvent::RedrawRequested);
        self.app.borrow().painted(clock::now());
    }
}

impl ApplicationHandler<UserEvent> for Handler<'_> {
    fn window_event(&mut self, event_loop: &ActiveEventLoop, window: WindowId, event: WindowEvent) {
        if event == WindowEvent::RedrawRequested {
            return self.repaint(event_loop, window);
        }
        let is_move = matches!(event, WindowEvent::CursorMoved { .. });
        if self.pen(&event) == Egui::Spare {
            self.held = is_move.then_some(event).or(self.held.take());
            return;
        }
        if let Some(moved) = self.held.take().filter(|_| !is_move) {
            self.eframe.window_event(event_loop, window, moved);
        }
        self.eframe.window_event(event_loop, window, event);
    }

    /// Besides eframe's own times to wake, some for the wish to stop, which comes by no event of the window.
    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        self.eframe.about_to_wait(event_loop);
        if self.asked.try_recv().is_ok() {
            event_loop.exit();
        }
        #[expect(clippy::disallowed_methods, reason = "winit waits by this clock; nothing is measured with it")]
        let latest = Instant::now() + STOP_NOTICED;
        let wake = match event_loop.control_flow() {
            ControlFlow::WaitUntil(wanted) => wanted.min(latest),
            _ => latest,
        };
        event_loop.set_control_flow(ControlFlow::WaitUntil(wake));
    }

    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        self.eframe.resumed(event_loop);
    }

    fn new_events(&mut self, event_loop: &ActiveEventLoop, cause: StartCause) {
        self.eframe.new_events(event_loop, cause);
    }

    fn user_event(&mut self, event_loop: &ActiveEventLoop, event: UserEvent) {
        self.eframe.user_event(event_loop, event);
    }

    fn suspended(&mut self, event_loop: &ActiveEventLoop) {
        self.eframe.suspended(event_loop);
    }

    fn exiting(&mut self, event_loop: &ActiveEventLoop) {
        self.eframe.exiting(event_loop);
    }
}
