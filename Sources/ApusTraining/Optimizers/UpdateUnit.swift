// How the tensors of an optimiser are cut into units of work. A unit is some whole panels of 16 rows whose weights,
// gradients and states fit in a core's second-level cache together; where it begins depends on the tensor alone, so
// nothing that is summed by units depends on the number of workers.

import ApusRuntime
import ApusTensor
import CApusKernels

/// Rows `firstRow ..< firstRow + rowCount` of a tensor.
struct UpdateUnit {
  /// Of the tensor in its group.
  let slot: Int
  let firstRow: Int
  let rowCount: Int

  /// Values of a unit, unless 16 rows have more: 32 KiB of each array, four or five arrays.
  static let values = 8192

  /// Rows of the units of a tensor with `columns` columns, a multiple of 16.
  static func rows(columns: Int) -> Int { 16 * max(1, values / (16 * columns)) }
}

/// A tensor as the workers see it: no reference to count.
struct TensorSlot {
  /// Its number among all tensors of the engine.
  let tensor: Int
  let rows: Int
  let columns: Int
  let weights: UnsafeMutablePointer<Float>
  let gradient: UnsafeMutablePointer<Float>
  let decays: Bool
  let rateScale: Double
  /// Its running mean of the weights, if one is kept.
  let average: UnsafeMutablePointer<Float>?
  /// Where its states begin, in the order of their shapes.
  let states: (UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeMutableRawPointer)
  let firstUnit: Int
  let unitCount: Int
}

/// The tensors one rule updates.
final class TensorGroup {
  let tensors: [TrainableTensor]
  let slots: UnsafeMutableBufferPointer<TensorSlot>
  let units: UnsafeMutableBufferPointer<UpdateUnit>
  let cpu: KernelTable
  let workers: WorkerPool

  /// - Parameters:
  ///   - numbers: those of `tensors` in the engine.
  ///   - states: up to three for each tensor, `averages` one or nil.
  init(
    _ tensors: [TrainableTensor], numbers: [Int], states: [[UnsafeMutableRawPointer]],
    averages: [UnsafeMutablePointer<Float>?], cpu: KernelTable, workers: WorkerPool
  ) {
    self.tensors = tensors
    self.cpu = cpu
    self.workers = workers
    slots = .allocate(capacity: tensors.count)
    var cut: [UpdateUnit] = []
    for (slot, tensor) in tensors.enumerated() {
      let step = UpdateUnit.rows(columns: tensor.columns)
      let first = cut.count
      for row in stride(from: 0, to: tensor.rows, by: step) {
        cut.append(UpdateUnit(slot: slot, firstRow: row, rowCount: min(step, tensor.rows - row)))
      }
      let nowhere = UnsafeMutableRawPointer(tensor.weights)
      func state(_ index: Int) -> UnsafeMutableRawPointer {
        index < states[slot].count ? states[slot][index] : nowhere
      }
      slots.initializeElement(
        at: slot,
        to: TensorSlot(
          tensor: numbers[slot], rows: tensor.rows, columns: tensor.columns, weights: tensor.weights,
          gradient: tensor.gradient, decays: tensor.decays, rateScale: Double(tensor.learningRateScale),
          average: averages[slot], states: (state(0), state(1), state(2)), firstUnit: first,
          unitCount: cut.count - first))
    }
    units = .allocate(capacity: cut.count)
    _ = units.initialize(from: cut)
  }

  deinit {
    slots.deallocate()
    units.deallocate()
  }
}
