// What the pages that Apus writes have in common: colours in light and dark, type, figures, tables.

/// The style sheet of a page that needs nothing but itself.
package enum PageStyle {
  /// Colours are variables, so that pictures follow the page; what is faint still has a contrast of 4.5 to the page.
  package static let light =
    "--ink:#1d2330;--faint:#5c6370;--grid:#dfe3ea;--line:#2f6bd8;--dot:#d9480f;--page:#fff;"
  /// The same in the dark.
  package static let dark =
    "--ink:#e6e9ef;--faint:#98a1b0;--grid:#333a47;--line:#79a8ff;--dot:#ffa05c;--page:#14171d;"

  package static let common = """
    :root{color-scheme:light dark;\(light)}
    @media(prefers-color-scheme:dark){:root{\(dark)}}
    @media print{:root{color-scheme:light;\(light)}}
    body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);margin:2em auto;padding:0 1em}
    figure{margin:1.2em 0}svg{width:100%;height:auto}
    .title{font-weight:600;fill:var(--ink);font-size:14px}.axis{fill:var(--faint);font-size:11px}
    .grid{stroke:var(--grid);fill:none}
    table{border-collapse:collapse}th{text-align:left;font-weight:500;color:var(--faint);padding:.1em 1.2em .1em 0}
    td{padding:.1em 1.2em .1em 0;font-variant-numeric:tabular-nums}
    pre{white-space:pre-wrap;border-left:3px solid var(--grid);padding:.2em .8em;font-size:13px}
    """
}
