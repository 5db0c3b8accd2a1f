// How large the panels of an index are.

import ApusBasics
import CApusKernels

/// Bytes of the panels of `count` vectors.
struct PanelSizes {
  /// Bytes of a panel of 16 vectors.
  let floatPanel: Int
  let bytePanel: Int
  /// Bytes of all panels.
  let floats: Int
  let bytes: Int

  /// nil when a size overflows.
  init?(count: Int, dimension: Int) {
    guard count >= 0, let rounded = checkedSum(count, APUS_LANES - 1) else { return nil }
    let panels = rounded / APUS_LANES
    floatPanel = apus_panel_bytes(APUS_LAYOUT_F32, dimension)
    bytePanel = dimension % 32 == 0 ? apus_panel_bytes(APUS_LAYOUT_Q8_0, dimension) : 0
    guard let floats = checkedProduct(panels, floatPanel), let bytes = checkedProduct(panels, bytePanel)
    else {
      return nil
    }
    self.floats = floats
    self.bytes = bytes
  }
}
