// AdamW with states of 8 bits: a byte each for m and v, and two scales for every 256 weights (2.03 bytes a weight instead
// of 8). The codes are in CApusKernels/kernels/adamw.h: short floats, eight to an octave, of which m has 16 octaves
// and v 32 below the largest of the block. A decoded state is at most an eighth off, and right in the mean: it is rounded up or
// down by chance, where the chance is a hash of tensor, step and place, so that a resumed run repeats it. Blocks begin with
// every 16 rows; vectors keep states of 32 bits. The idea of states in blocks with a scale: T. Dettmers et al., "8-bit
// Optimizers via Block-wise Quantization", arXiv:2110.02861.

import ApusRuntime
import CApusKernels

/// AdamW on 8-bit states.
struct AdamW8Settings: OptimizerSettings {
  let base: AdamWSettings

  func validate() throws(LearningError) { try base.validate() }

  func states(of tensor: TrainableTensor) -> [StateShape] {
    [
      .perWeight("m", tensor, .u8), .perWeight("v", tensor, .u8),
      StateShape("scales", .f32, [Self.blocks(tensor.rows, tensor.columns), 2]),
    ]
  }

  /// Blocks of the first `rows` rows.
  static func blocks(_ rows: Int, _ columns: Int) -> Int {
    rows / 16 * ((16 * columns + 255) / 256) + (rows % 16 * columns + 255) / 256
  }

  func makeRule(_ group: TensorGroup) throws(RuntimeError) -> UpdateRule { AdamW8Rule(base, group) }
}

private final class AdamW8Rule: AdamRule {
  /// Of each tensor.
  private let seeds: [UInt64]
  /// Where each begins in the tensor it is a part of.
  private let origins: [UInt64]

  override init(_ options: AdamWSettings, _ group: TensorGroup) {
    seeds = group.tensors.map { Philox.key(for: $0.name) }
    origins = group.tensors.map { UInt64($0.firstRow * $0.columns) }
    super.init(options, group)
  }

  override func update(_ unit: UpdateUnit, _ slot: TensorSlot) {
    var arguments = arguments(slot)
    let words = Philox(key: seeds[unit.slot]).block(UInt64(settings.number))
    let seed = UInt64(words[1]) << 32 | UInt64(words[0])
    let (m, v) = (slot.states.0, slot.states.1)
    let scales = slot.states.2.assumingMemoryBound(to: Float.self)
    for row in stride(from: unit.firstRow, to: unit.firstRow + unit.rowCount, by: 16) {
      let offset = row * slot.columns
      let count = min(16, unit.firstRow + unit.rowCount - row) * slot.columns
      cpu.pointee.adamw8(
        &arguments, seed, origins[unit.slot] + UInt64(offset), Int32(count), slot.weights + offset,
        slot.gradient + offset,
        (m + offset).assumingMemoryBound(to: UInt8.self), (v + offset).assumingMemoryBound(to: UInt8.self),
        scales + 2 * AdamW8Settings.blocks(row, slot.columns))
    }
  }
}
