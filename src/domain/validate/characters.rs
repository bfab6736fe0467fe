//! Which characters a field may hold (D25). A child's words must survive unchanged; a name must not be able to forge a
//! screen or a log.

/// May stand in an id, code, name or handle: printable, no control, no bidi override. Joiners and direction marks stay,
/// because names in many scripts need them.
pub(super) fn printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
        '\u{2028}' | '\u{2029}'                             // line and paragraph separators
        | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' // bidi embeddings, overrides, isolates
        | '\u{200B}' | '\u{2060}'..='\u{2065}' | '\u{206A}'..='\u{206F}' | '\u{FEFF}' | '\u{00AD}' // nothing to see
        | '\u{FFF9}'..='\u{FFFC}' | '\u{E0000}'..='\u{E007F}' // annotations, tags
        | '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}' // private use: looks like anything anywhere
        | '\u{FDD0}'..='\u{FDEF}' | '\u{FFFE}' | '\u{FFFF}')
}

/// May stand in free text: anything but NUL and the C0 and C1 controls, of which tab, line feed and carriage return stay.
pub(super) fn free(c: char) -> bool {
    !c.is_control() || matches!(c, '\t' | '\n' | '\r')
}
