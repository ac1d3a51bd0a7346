//! Pictures of the log in to a service.

use crate::tui::consent::ConsentNews;
use crate::tui::fixture::World;
use crate::tui::fixture::consent::{narrow, with_zoho};
use crate::tui::msg::Msg;

/// The screen after some keys.
pub fn after(size: (u16, u16), keys: &str) -> World {
    let mut world = with_zoho(size);
    world.press("L").press(keys);
    world.model.toast = None;
    world
}

/// Something was pasted.
pub fn pasted(size: (u16, u16)) -> World {
    let mut world = after(size, "enter");
    world.send(Msg::Paste("1000.0123456789abcdef".into()));
    world
}

/// It was given, with a scope that leaves something out.
pub fn given(size: (u16, u16)) -> World {
    let mut world = after(size, "enter x enter");
    let id = world.model.serial;
    world.send(Msg::Consent { id, news: ConsentNews::Checked(Box::new(narrow())) });
    world
}
