// The style sheet of a profile's page.

import ApusBasics

extension ProfilePage {
  /// Colours of kinds of operations in light and dark; the last is that of all others.
  private static let lightKinds = [
    "2f6bd8", "d9480f", "2b8a3e", "9c36b5", "a67c00", "0b7f92", "c2255c", "5f6b1a", "868e96",
  ]
  private static let darkKinds = [
    "79a8ff", "ff9d5c", "69db7c", "da77f2", "ffd43b", "3bc9db", "f783ac", "c0ca5a", "98a1b0",
  ]

  private static func variables(_ colours: [String]) -> String {
    colours.enumerated().map { "--k\($0):#\($1);" }.joined()
  }

  static let style =
    PageStyle.common + """

      :root{\(variables(lightKinds))--alarm:#c92a2a;--wait:#e3e7ee}
      @media(prefers-color-scheme:dark){:root{\(variables(darkKinds))--alarm:#ff8787;--wait:#2a303b}}
      @media print{:root{\(variables(lightKinds))--alarm:#c92a2a;--wait:#e3e7ee}}
      \(lightKinds.indices.map { ".k\($0){--kind:var(--k\($0))}" }.joined())
      body{max-width:1080px}
      h1{font-size:1.5em;margin:.2em 0}h2{font-size:1.15em;margin:1.8em 0 .4em;border-bottom:1px solid var(--grid)}
      .workload{font-size:1.1em;margin:.2em 0;overflow-wrap:anywhere}.hint{color:var(--faint);font-size:13px;max-width:80ch}
      .alarm{border:2px solid var(--alarm);border-radius:6px;padding:.5em .9em;font-weight:600}
      .cards{display:flex;flex-wrap:wrap;gap:10px;margin:1em 0}
      .cards div{border:1px solid var(--grid);border-radius:8px;padding:.5em .9em;flex:1 1 130px}
      .cards b{display:block;font-size:1.35em;font-variant-numeric:tabular-nums}.cards span{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:3;overflow:hidden;overflow-wrap:anywhere;color:var(--faint);font-size:13px}
      .scroll{overflow-x:auto}.number{text-align:right;white-space:nowrap}
      th{vertical-align:bottom;font-size:13px}td{vertical-align:top}thead th{border-bottom:1px solid var(--grid)}
      #phases th,#phases td,#audit th,#audit td{padding-right:.8em}
      .share{position:relative;min-width:86px}.share span{position:relative}
      .share i{position:absolute;left:0;top:.15em;bottom:.15em;background:var(--line);opacity:.22;border-radius:3px}
      .advice td{color:var(--faint);font-size:13px;padding-bottom:.7em}
      .bound{display:inline-block;border:1px solid var(--kind);border-left-width:5px;border-radius:4px;padding:0 .45em;font-size:13px}
      .compute{--kind:var(--k0)}.memory{--kind:var(--k1)}.cache{--kind:var(--k5)}.latency{--kind:var(--k3)}.imbalance{--kind:var(--k4)}
      .serial{--kind:var(--k6)}.unknown{--kind:var(--k8)}
      .axis{font-size:12px}.name{font-size:13px}
      .roof{stroke:var(--ink);stroke-width:1.6;fill:none}.single{stroke-dasharray:6 4;stroke-width:1.1}
      .ceiling{fill:var(--ink);font-size:12px;paint-order:stroke;stroke:var(--page);stroke-width:3px}
      .line{stroke:var(--line);stroke-width:1.6;fill:none}.band{fill:var(--line);opacity:.16}
      circle.mark{fill:var(--kind);fill-opacity:.45;stroke:var(--kind)}circle.hollow{fill:none;pointer-events:all;stroke-dasharray:2 2}
      rect.mark{fill:var(--kind);fill-opacity:.32;stroke:var(--page)}rect.part{fill:none;stroke:var(--grid)}
      rect.outside{fill:var(--wait);stroke:var(--page)}
      .leaf,.heading{fill:var(--ink);font-size:11px;pointer-events:none}.heading{font-weight:600}
      .mark{cursor:pointer}.mark:focus,.mark.here{outline:none;stroke:var(--ink);stroke-width:2.5}
      .pale .mark:not(.chosen){opacity:.13}
      .legend{display:flex;flex-wrap:wrap;gap:4px 6px;margin:.4em 0}
      button{font:inherit;font-size:13px;color:var(--ink);background:var(--page);border:1px solid var(--grid);border-radius:5px;padding:.1em .6em;cursor:pointer}
      .legend i{display:inline-block;width:.75em;height:.75em;border-radius:2px;background:var(--kind);margin-right:.4em}
      button[aria-pressed=true]{border-color:var(--ink);font-weight:600}
      :focus-visible{outline:2px solid var(--line);outline-offset:2px}
      canvas{display:block;width:100%;border:1px solid var(--grid);border-radius:6px;touch-action:pan-y}
      #tip{position:fixed;max-width:min(420px,90vw);background:var(--page);color:var(--ink);border:1px solid var(--faint);border-radius:6px;padding:.4em .7em;font-size:13px;pointer-events:none;z-index:2;overflow-wrap:anywhere}
      #tip b{display:block}
      @media(max-width:700px){.wide{overflow-x:auto}.wide svg{min-width:760px}}
      @media print{body{max-width:none;margin:0}.buttons,#tip{display:none}section{break-inside:avoid-page}section:has(#audit){break-inside:auto}.scroll{overflow:visible}.scroll table{font-size:10px}#phases th,#phases td,#audit th,#audit td{font-size:10px;padding-right:.5em}.share{min-width:44px}.bound{font-size:10px}#audit tr{break-inside:avoid}.share i,.mark,.legend i{print-color-adjust:exact}}
      """
}
