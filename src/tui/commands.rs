//! Every command in one table: its title, help, keys, where it applies. The footer, the help, the
//! palette and the keyboard are all made from it.

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table tells what each one does")]
pub enum Id {
    Open,
    SyncNow,
    Preview,
    Cancel,
    Csv,
    Filter,
    Conflicts,
    Linked,
    Waiting,
    Edit,
    Enable,
    Remove,
    Add,
    Crm,
    LinkVtiger,
    LinkService,
    RunIt,
    Held,
    Retry,
    RetryReason,
    RetryShown,
    DropEntry,
    AddAll,
    Decide,
    SortLeft,
    SortRight,
    SortReverse,
    ModuleLeft,
    ModuleRight,
    TabLog,
    TabSettings,
    TabMapping,
    TabQueue,
    TabDebug,
    NextPane,
    PrevPane,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    HalfUp,
    HalfDown,
    Top,
    Bottom,
    Back,
    Help,
    Palette,
    Mouse,
    Redraw,
    Suspend,
    Quit,
    Leave,
    FieldNext,
    FieldPrev,
    FieldEnter,
    SectionNext,
    SectionPrev,
    Check,
    Save,
    Reveal,
    FormUp,
    FormDown,
    FormClose,
    InputDone,
    InputCancel,
    Choose,
    Complete,
    Close,
    Yes,
    YesNamed,
    No,
    HeldLook,
    HeldConfirm,
    HeldDrop,
    CopyError,
    PickUp,
    PickDown,
    DebugMode,
    CopyExchange,
    History,
    Mend,
    Consent,
    ConsentSend,
    CopyPage,
    CopyCode,
    MapEdit,
    MapAdd,
    MapToggle,
    MapTry,
    MapSave,
    MapUndo,
    MapRemove,
    MapRestore,
    MapExport,
    MapImport,
    MapReload,
    PairNext,
    PairPrev,
    PairEnter,
    PairTake,
    PairTry,
    PairUp,
    PairDown,
    PairClose,
    PickField,
    MarkField,
    TryNext,
    TryPrev,
    DiffSave,
}

/// The places, and the list of all of them.
macro_rules! places {
    ($($place:ident),* $(,)?) => {
        /// What has the keyboard.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "named after the screens")]
        pub enum Place {
            $($place),*
        }

        /// All places.
        pub const ANYWHERE: &[Place] = &[$(Place::$place),*];
    };
}

places! {
    TooSmall,
    Connectors,
    Log,
    Settings,
    Mapping,
    Queue,
    DebugLog,
    List,
    Detail,
    History,
    Exchange,
    Form,
    Consent,
    ConsentPaste,
    ConsentWait,
    ConsentDone,
    Filter,
    Csv,
    Services,
    Pick,
    Palette,
    Help,
    Confirm,
    ConfirmName,
    Held,
    Error,
    Pair,
    FieldPick,
    TryOut,
    Diff,
    MapFile,
}

impl Place {
    /// Whether characters go into a text field here.
    pub fn takes_text(self) -> bool {
        matches!(
            self,
            Self::Form
                | Self::ConsentPaste
                | Self::Filter
                | Self::Csv
                | Self::Palette
                | Self::ConfirmName
                | Self::Pair
                | Self::FieldPick
                | Self::MapFile
        )
    }
}

use Place::{
    Confirm, ConfirmName, Connectors, Consent, ConsentDone, ConsentPaste, ConsentWait, Csv,
    DebugLog, Detail, Diff, Error, Exchange, FieldPick, Filter, Form, Held, Help, History, List,
    Log, MapFile, Mapping, Pair, Palette, Pick, Queue, Services, Settings, TooSmall, TryOut,
};

/// A command.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// What it does.
    pub id: Id,
    /// Two words for the footer.
    pub title: &'static str,
    /// A sentence for the help.
    pub help: &'static str,
    /// Its keys; the first one is shown.
    pub keys: &'static [&'static str],
    /// Where it applies.
    pub places: &'static [Place],
    /// How soon it stands in the footer; 0: never.
    pub footer: u8,
}

const MAIN: &[Place] = &[Connectors, Log, Settings, Mapping, Queue, DebugLog];
const MAIN_BUT_MAPPING: &[Place] = &[Connectors, Log, Settings, Queue, DebugLog];
const VIEWS: &[Place] =
    &[Connectors, Log, Settings, Mapping, Queue, DebugLog, List, Detail, History, Exchange];
const SCROLLS: &[Place] = &[
    Connectors,
    Log,
    Settings,
    Mapping,
    Queue,
    DebugLog,
    List,
    Detail,
    History,
    Exchange,
    Help,
    Error,
    Services,
    Pick,
    Consent,
    ConsentDone,
    Diff,
];
const fn command(
    id: Id,
    title: &'static str,
    keys: &'static [&'static str],
    places: &'static [Place],
    footer: u8,
    help: &'static str,
) -> Command {
    Command { id, title, help, keys, places, footer }
}

/// All commands, in the order of the help.
#[rustfmt::skip]
pub const COMMANDS: &[Command] = &[
    command(Id::MapEdit, "edit", &["enter", "e"], &[Mapping], 1, "Edit the line under the cursor; a default line gets one in its place."),
    command(Id::MapAdd, "add", &["+"], &[Mapping], 2, "Add Custom Mapping: choose a Vtiger field and a service field."),
    command(Id::MapToggle, "on/off", &["t"], &[Mapping], 3, "Make the line active or inactive."),
    command(Id::MapSave, "save", &["ctrl-s", "w"], &[Mapping], 4, "Look at what was changed and what it causes, then save it."),
    command(Id::MapTry, "try out", &["u"], &[Mapping], 5, "Try the line on real records: what one side holds, and what the other would get."),
    command(Id::Filter, "filter", &["/"], &[Mapping], 6, "Show only lines with a text in labels, names, type, state or description; !text shows the others."),
    command(Id::MapUndo, "undo", &["z"], &[Mapping], 0, "Undo the last change, saved or not; what is undone is saved like any change."),
    command(Id::MapRemove, "remove", &["X"], &[Mapping], 0, "Remove the custom line, or give the default line back; asks first."),
    command(Id::MapRestore, "restore defaults", &["R"], &[Mapping], 0, "Restore the default lines of the module; asks first, and counts what is lost."),
    command(Id::MapExport, "export", &["x"], &[Mapping], 0, "Write the module's own lines into a file."),
    command(Id::MapImport, "import", &["i"], &[Mapping], 0, "Read the module's own lines from a file; nothing is saved before you say so."),
    command(Id::MapReload, "read fields", &["f"], &[Mapping], 0, "Ask both systems for their fields again."),
    command(Id::SyncNow, "Sync Now", &["s"], MAIN_BUT_MAPPING, 1, "Sync the chosen connector now."),
    command(Id::SyncNow, "Sync Now", &["s"], &[Mapping], 0, "Sync the chosen connector now, with the mapping that is saved."),
    command(Id::Preview, "Preview", &["p"], MAIN_BUT_MAPPING, 2, "Show what a sync would do; nothing is written."),
    command(Id::Preview, "Preview", &["p"], &[Mapping], 7, "Show what a sync with the saved mapping would do; nothing is written."),
    command(Id::Cancel, "cancel", &["c"], &[Mapping], 0, "Cancel the running sync: what is in flight is finished, the next sync goes on from there."),
    command(Id::Cancel, "cancel", &["c"], MAIN_BUT_MAPPING, 3, "Cancel the running sync: what is in flight is finished, the next sync goes on from there."),
    command(Id::RunIt, "run it", &["s"], &[List], 1, "Run the sync that this preview shows."),
    command(Id::Open, "records", &["enter"], &[Log], 4, "Open the records of the number under the cursor."),
    command(Id::HeldConfirm, "confirm", &["y"], &[List], 2, "Do what the held sync would do: planned anew, within its numbers."),
    command(Id::HeldDrop, "drop", &["D"], &[List], 4, "Drop the held sync; nothing is written."),
    command(Id::Open, "detail", &["enter"], &[List], 3, "Open the record: what changed, why, what to do."),
    command(Id::Open, "detail", &["enter"], &[History], 1, "Open the outcome: what changed, why, what to do."),
    command(Id::History, "history", &["h"], &[List, Detail], 11, "Show what became of this record in all runs."),
    command(Id::Mend, "go mend", &["f"], &[List, Detail], 10, "Go to the mapping line or the setting that mends it; going back from there returns here."),
    command(Id::Open, "open", &["enter"], &[DebugLog], 4, "Read the request and its answer in full."),
    command(Id::CopyExchange, "copy", &["y"], &[Exchange], 1, "Copy the request and its answer, with secrets masked."),
    command(Id::DebugMode, "Debug Mode", &["d"], &[DebugLog], 7, "Switch Debug Mode of the connector on or off."),
    command(Id::Open, "open", &["enter"], &[Connectors], 4, "Go to what is chosen."),
    command(Id::Open, "choose", &["enter"], &[Services], 1, "Connect this service."),
    command(Id::Open, "choose", &["enter"], &[Pick], 1, "Take this one; it is asked once more."),
    command(Id::Open, "detail", &["enter"], &[Queue], 0, "Open the entry: where it is, why, what to do."),
    command(Id::Retry, "retry", &["r"], &[Queue], 4, "Try it again at the next sync."),
    command(Id::Retry, "retry", &["r"], &[List, Detail], 7, "Put the skipped record into the queue: it is tried again at the next sync."),
    command(Id::DropEntry, "drop", &["d"], &[Queue], 5, "Take it out of the queue: not tried again until it changes."),
    command(Id::Decide, "decide", &["m"], &[Queue, Detail], 6, "Decide about an ambiguous record: link it, create it new, or never sync it."),
    command(Id::RetryReason, "same reason", &["R"], &[Queue, List, Detail], 0, "Try all records with the same reason again."),
    command(Id::RetryShown, "retry shown", &["T"], &[Queue], 0, "Try everything that is shown again."),
    command(Id::AddAll, "Add All", &["A"], &[Queue], 0, "Add All To Queue: the next sync takes every record of a module again."),
    command(Id::Held, "decisions", &["H"], VIEWS, 0, "What waits for a decision: syncs that a guard holds, records that may be several others."),
    command(Id::Edit, "edit", &["e", "enter"], &[Settings], 4, "Edit the connection and the settings."),
    command(Id::Edit, "edit", &["e"], &[Connectors], 5, "Edit the connection and the settings."),
    command(Id::Enable, "enable/disable", &["t"], &[Connectors], 0, "Enable or disable the chosen connector: a disabled one is not synced."),
    command(Id::Remove, "remove", &["X"], &[Connectors], 0, "Remove the chosen connector; asks first, and counts what goes with it."),
    command(Id::Add, "add", &["a"], MAIN_BUT_MAPPING, 8, "Add a connector."),
    command(Id::Add, "add connector", &["a"], &[Mapping], 0, "Add a connector."),
    command(Id::Crm, "Vtiger CRM", &["V"], MAIN, 0, "Edit the connection to Vtiger CRM."),
    command(Id::Conflicts, "conflicts", &["C"], &[Log], 7, "List the conflicts of the run under the cursor: values that lost."),
    command(Id::Linked, "linked", &["L"], &[Log], 0, "List the records that the run found on both sides and linked."),
    command(Id::Waiting, "waiting", &["W"], &[Log], 0, "List the records of the run that wait to be taken again."),
    command(Id::Csv, "CSV", &["x"], &[Log, List, History, DebugLog], 5, "Download as CSV: exactly what is shown."),
    command(Id::Filter, "filter", &["/"], &[Queue], 7, "Show only entries with a text in name, id, module or reason; !text shows the others."),
    command(Id::Filter, "filter", &["/"], &[List], 6, "Show only rows with a text, or with name: id: module: status: why: from: to: (status:skipped from:2h id:12x*); ! before one shows the others, -f before the text finds letters in their order."),
    command(Id::Filter, "search", &["/"], &[DebugLog], 6, "Show only what has a text in address, bodies or status; !text shows the others."),
    command(Id::SortLeft, "sort", &["<"], &[List], 0, "Sort by the column to the left."),
    command(Id::SortRight, "sort", &[">"], &[List], 9, "Sort by the column to the right."),
    command(Id::SortReverse, "reverse", &["v"], &[List], 0, "Turn the sort order round."),
    command(Id::LinkVtiger, "Vtiger link", &["o"], &[List, Detail], 8, "Show and copy the link to the record in Vtiger."),
    command(Id::LinkService, "service link", &["O"], &[List], 0, "Show and copy the link to the record in the service."),
    command(Id::LinkService, "service link", &["O"], &[Detail], 9, "Show and copy the link to the record in the service."),
    command(Id::ModuleLeft, "module before", &["[", "left", "h"], &[Mapping], 0, "Show the mapping of the module before."),
    command(Id::ModuleRight, "next module", &["]", "right", "l"], &[Mapping], 8, "Show the mapping of the next module."),
    command(Id::TabLog, "Sync Log", &["1"], MAIN, 0, "Show the sync log."),
    command(Id::TabSettings, "Settings", &["2"], MAIN, 9, "Show the settings."),
    command(Id::TabMapping, "Field Mapping", &["3"], MAIN, 0, "Show which fields belong together."),
    command(Id::TabQueue, "Queue", &["4"], MAIN, 0, "Show the records that wait, and the skips that stand."),
    command(Id::TabDebug, "Debug Log", &["5"], MAIN, 0, "Show the requests and answers of Debug Mode."),
    command(Id::NextPane, "next pane", &["tab"], MAIN, 0, "Go to the other pane."),
    command(Id::PrevPane, "other pane", &["backtab"], MAIN, 0, "Go to the other pane."),
    command(Id::Up, "up", &["up", "k"], SCROLLS, 0, "Move up."),
    command(Id::Down, "down", &["down", "j"], SCROLLS, 0, "Move down."),
    command(Id::Left, "left", &["left", "h"], &[Log, Settings, Queue, DebugLog], 0, "Move left; from the first number to the connectors."),
    command(Id::Right, "right", &["right", "l"], &[Connectors, Log], 0, "Move right."),
    command(Id::PageUp, "page up", &["pageup", "ctrl-b"], SCROLLS, 0, "Move up a page."),
    command(Id::PageDown, "page down", &["pagedown", "ctrl-f"], SCROLLS, 0, "Move down a page."),
    command(Id::HalfUp, "half page up", &["ctrl-u"], SCROLLS, 0, "Move up half a page."),
    command(Id::HalfDown, "half page down", &["ctrl-d"], SCROLLS, 0, "Move down half a page."),
    command(Id::Top, "top", &["g", "home"], SCROLLS, 0, "Go to the beginning."),
    command(Id::Bottom, "bottom", &["G", "end"], SCROLLS, 0, "Go to the end."),
    command(Id::Back, "back", &["esc"], VIEWS, 0, "Go one step back. Never leaves the program."),
    command(Id::Consent, "log in", &["L"], &[Connectors, Settings], 10, "Log in to the service (again): give the consent without which it refuses SyncDeck."),
    command(Id::Consent, "log in again", &["L"], &[Error], 3, "Log in to the service again."),
    command(Id::Consent, "log in", &["ctrl-g"], &[Form], 7, "Log in to the service: give the consent without which it refuses SyncDeck."),
    command(Id::Open, "go this way", &["enter"], &[Consent], 1, "Log in this way."),
    command(Id::Back, "later", &["esc", "q"], &[Consent], 2, "Do not log in now."),
    command(Id::ConsentSend, "hand it in", &["enter"], &[ConsentPaste], 1, "Hand in what was pasted."),
    command(Id::CopyPage, "copy address", &["ctrl-o"], &[ConsentPaste], 2, "Copy the address of the page that is to be opened."),
    command(Id::CopyCode, "copy what to enter", &["ctrl-y"], &[ConsentPaste], 4, "Copy what is to be entered there: the scope, or the redirect URL."),
    command(Id::Reveal, "show", &["ctrl-r"], &[ConsentPaste], 5, "Show or mask what was pasted."),
    command(Id::Back, "another way", &["esc"], &[ConsentPaste], 3, "Choose another way."),
    command(Id::CopyPage, "copy address", &["o"], &[ConsentWait], 1, "Copy the address of the page that is to be opened."),
    command(Id::CopyCode, "copy code", &["y"], &[ConsentWait], 2, "Copy the code that is to be entered there."),
    command(Id::Back, "stop", &["esc", "q"], &[ConsentWait], 3, "Wait no longer."),
    command(Id::Preview, "first preview", &["p"], &[ConsentDone], 1, "Show what a sync would do; nothing is written."),
    command(Id::Back, "go on", &["enter", "esc", "q"], &[ConsentDone], 2, "Go on: to the settings of a new connector."),
    command(Id::FieldNext, "next field", &["tab", "down"], &[Form], 3, "Go to the next field."),
    command(Id::FieldPrev, "field before", &["backtab", "up"], &[Form], 0, "Go to the field before."),
    command(Id::FieldEnter, "next", &["enter"], &[Form], 0, "Go to the next field, or press the button."),
    command(Id::SectionNext, "next section", &["ctrl-n"], &[Form], 4, "Go to the next section: Pre Sync Settings, System Settings, the modules, Advanced."),
    command(Id::SectionPrev, "section before", &["ctrl-p"], &[Form], 0, "Go to the section before."),
    command(Id::Check, "check", &["ctrl-t"], &[Form], 1, "Try the connection with what is entered; nothing is stored."),
    command(Id::Save, "save", &["ctrl-s"], &[Form], 2, "Save the settings."),
    command(Id::Reveal, "show secret", &["ctrl-r"], &[Form], 5, "Show or mask the secret that is being entered."),
    command(Id::FormUp, "scroll up", &["pageup"], &[Form, ConsentPaste], 0, "Scroll up without leaving the field."),
    command(Id::FormDown, "scroll down", &["pagedown"], &[Form, ConsentPaste], 0, "Scroll down without leaving the field."),
    command(Id::FormClose, "back", &["esc"], &[Form], 22, "Leave the form; asks if something is not saved."),
    command(Id::PairNext, "next", &["tab", "down"], &[Pair], 3, "Go to the next field."),
    command(Id::PairPrev, "field before", &["backtab", "up"], &[Pair], 0, "Go to the field before."),
    command(Id::PairEnter, "choose", &["enter"], &[Pair], 1, "List the fields to choose from; elsewhere go to the next field, or press the button."),
    command(Id::PairTake, "take over", &["ctrl-s"], &[Pair], 2, "Take the line over; nothing is saved yet."),
    command(Id::PairTry, "try out", &["ctrl-t"], &[Pair], 4, "Try the line on real records as it is entered."),
    command(Id::PairUp, "scroll up", &["pageup"], &[Pair], 0, "Scroll up without leaving the field."),
    command(Id::PairDown, "scroll down", &["pagedown"], &[Pair], 0, "Scroll down without leaving the field."),
    command(Id::PairClose, "back", &["esc"], &[Pair], 5, "Leave the line as it was; asks if something was entered."),
    command(Id::PickField, "take it", &["enter"], &[FieldPick], 1, "Take the field."),
    command(Id::MarkField, "mark", &["tab"], &[FieldPick], 3, "Mark service fields that are taken together."),
    command(Id::PickUp, "up", &["up", "ctrl-p"], &[FieldPick], 0, "Move up."),
    command(Id::PickDown, "down", &["down", "ctrl-n"], &[FieldPick], 4, "Move down."),
    command(Id::PageUp, "page up", &["pageup"], &[FieldPick], 0, "Move up a page."),
    command(Id::PageDown, "page down", &["pagedown"], &[FieldPick], 0, "Move down a page."),
    command(Id::Close, "leave it", &["esc"], &[FieldPick], 2, "Leave the field as it was."),
    command(Id::TryNext, "next record", &["n", "right", "l", "down", "j"], &[TryOut], 1, "Try it on the next record."),
    command(Id::TryPrev, "record before", &["N", "left", "h", "up", "k"], &[TryOut], 2, "Try it on the record before."),
    command(Id::Close, "close", &["esc", "q", "enter"], &[TryOut], 3, "Close the try-out."),
    command(Id::DiffSave, "save", &["y", "ctrl-s"], &[Diff], 1, "Save the mapping."),
    command(Id::Close, "go on editing", &["esc", "n", "q", "enter"], &[Diff], 2, "Save nothing yet; what was changed is kept."),
    command(Id::InputDone, "go on", &["enter"], &[MapFile], 1, "Write or read the file."),
    command(Id::InputCancel, "leave it", &["esc"], &[MapFile], 2, "Write or read nothing."),
    command(Id::InputDone, "keep", &["enter"], &[Filter], 1, "Keep the filter."),
    command(Id::InputCancel, "clear", &["esc"], &[Filter], 2, "Clear the filter."),
    command(Id::InputDone, "write file", &["enter"], &[Csv], 1, "Write the file."),
    command(Id::InputCancel, "leave it", &["esc"], &[Csv], 2, "Write nothing."),
    command(Id::Choose, "run", &["enter"], &[Palette], 1, "Run the command."),
    command(Id::PickUp, "up", &["up", "ctrl-p"], &[Palette], 0, "Move up."),
    command(Id::PickDown, "down", &["down", "ctrl-n"], &[Palette], 3, "Move down."),
    command(Id::Complete, "complete", &["tab"], &[Palette], 4, "Write the whole name of the chosen line."),
    command(Id::Close, "close", &["esc"], &[Palette], 2, "Close."),
    command(Id::Choose, "run it", &["enter"], &[Help], 1, "Run the command under the cursor."),
    command(Id::Filter, "filter", &["/"], &[Help], 2, "Show only commands with a text in key or help."),
    command(Id::Close, "close", &["esc", "q", "?"], &[Help], 3, "Close the help; a filter goes first."),
    command(Id::Close, "leave it", &["esc", "q"], &[Services], 2, "Add nothing."),
    command(Id::Close, "leave it", &["esc", "q"], &[Pick], 2, "Change nothing."),
    command(Id::Close, "close", &["esc", "q", "enter"], &[Error], 1, "Close the message."),
    command(Id::CopyError, "copy", &["y"], &[Error], 2, "Copy the message."),
    command(Id::YesNamed, "do it", &["enter"], &[ConfirmName], 1, "Do it, once the name is entered."),
    command(Id::No, "no", &["esc"], &[ConfirmName], 2, "Do not do it."),
    command(Id::Yes, "yes", &["y"], &[Confirm], 1, "Do it."),
    command(Id::No, "no", &["n", "esc", "enter", "q"], &[Confirm], 2, "Do not do it."),
    command(Id::HeldLook, "look at the plan", &["v"], &[Held], 1, "List what the held sync would do."),
    command(Id::HeldConfirm, "confirm", &["y"], &[Held], 2, "Do it: planned anew, within what is shown here."),
    command(Id::HeldDrop, "drop", &["D"], &[Held], 3, "Drop the held sync; nothing is written."),
    command(Id::Close, "decide later", &["esc", "q", "enter"], &[Held], 4, "Leave it held."),
    command(Id::Palette, "command", &[":"], VIEWS, 20, "Find a command by its name."),
    command(Id::Help, "help", &["?"], VIEWS, 21, "Show all keys that work here."),
    command(Id::Quit, "quit", &["q"], MAIN, 22, "Leave SyncDeck; asks if a sync runs."),
    command(Id::Quit, "quit", &["q"], &[TooSmall], 1, "Leave SyncDeck."),
    command(Id::Back, "back", &["q"], &[List, Detail, History, Exchange], 22, "Go one step back."),
    command(Id::Mouse, "mouse", &["M"], VIEWS, 0, "Use the mouse to choose and scroll, or leave it to the terminal."),
    command(Id::Redraw, "redraw", &["ctrl-l"], ANYWHERE, 0, "Draw the screen anew."),
    command(Id::Suspend, "suspend", &["ctrl-z"], ANYWHERE, 0, "Back to the shell; fg continues."),
    command(Id::Leave, "leave", &["ctrl-c"], ANYWHERE, 0, "Leave SyncDeck; a second time: at once."),
];

/// All commands at a place.
pub fn at(place: Place) -> impl Iterator<Item = &'static Command> {
    COMMANDS.iter().filter(move |c| c.places.contains(&place))
}

impl Id {
    /// Whether it is a command of the mapping editor's table.
    pub fn is_of_mapping(self) -> bool {
        let mut all = COMMANDS.iter().filter(|command| command.id == self);
        let moves = [Self::ModuleLeft, Self::ModuleRight].contains(&self);
        !moves && all.all(|command| command.places == [Mapping])
    }
}

/// The name of a command in files: `sync-now`.
pub fn name(id: Id) -> String {
    kebab(&format!("{id:?}"))
}

/// The name of a place in files: `debug-log`.
pub fn place_name(place: Place) -> String {
    kebab(&format!("{place:?}"))
}

fn kebab(camel: &str) -> String {
    let mut name = String::new();
    for c in camel.chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keys::Key;
    use std::collections::HashMap;

    #[test]
    fn keys_parse_and_mean_one_thing_at_each_place() {
        let mut seen = HashMap::new();
        for command in COMMANDS {
            for name in command.keys {
                let key = Key::parse(name).unwrap_or_else(|| panic!("{name}"));
                for place in command.places {
                    if let Some(other) = seen.insert((*place, key), command.id) {
                        panic!("{name} means {other:?} and {:?} at {place:?}", command.id);
                    }
                    assert!(
                        !place.takes_text() || key.typed().is_none(),
                        "{name} cannot be typed at {place:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn footers_are_short_and_in_order() {
        for place in ANYWHERE {
            let mut ranks: Vec<_> = at(*place).map(|c| c.footer).filter(|f| *f > 0).collect();
            assert!(!ranks.is_empty(), "{place:?}");
            ranks.sort_unstable();
            ranks.dedup();
            assert_eq!(ranks.len(), at(*place).filter(|c| c.footer > 0).count(), "{place:?}");
        }
    }
}
