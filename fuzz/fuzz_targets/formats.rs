//! Layout and every file format, for words that no engine would say.
#![no_main]

use libfuzzer_sys::fuzz_target;
use untxt_fuzz::{WildWord, page};
use untxt_page::{
    formats::{Format, Writer},
    layout,
};

fuzz_target!(|data: (Vec<WildWord>, u16, u16)| {
    let mut page = page(data.0, data.1, data.2);
    layout::analyse(&mut page, &[]);
    for format in Format::ALL {
        let mut writer = Writer::new(format, "fuzz");
        let _ = writer.page(1, Ok(&page)).and_then(|_| writer.finish());
    }
});
