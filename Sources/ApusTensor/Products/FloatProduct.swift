// The product of two float matrices that nobody packed before: both orders of both operands, as training needs them.
//
//   y[t][r] = Σ_j x[t][j] · w[r][j]        forward        x, w by rows
//   dx = dy · w                             w.transposed
//   dw = dyᵀ · x                            both transposed
//
// A unit is a block of rows of w. Its worker packs it into panels of its own, which stay in its cache, and multiplies
// all tokens with them; x is turned or rounded before, when it has to be. The sums are those of packed weights: a lane
// is a row, j ascends, so the bits depend neither on the blocks nor on the workers.

import ApusRuntime
import CApusKernels

/// Multiplies float matrices on a pool of workers.
///
/// Not thread-safe. Scratch memory grows to the largest product seen; after that a call allocates nothing.
package final class FloatProduct {
  /// What the operands are rounded to; sums are f32.
  package enum Precision: Sendable {
    case f32
    case bf16

    var layout: apus_layout { self == .f32 ? APUS_LAYOUT_F32 : APUS_LAYOUT_BF16 }
    var form: ActivationForm { self == .f32 ? .f32 : .bf16 }
  }

  /// What happens to a sum on its way to y, in this order.
  package struct Epilogue {
    /// The sums start from y.
    package var accumulates = false
    /// `[w.rows]`
    package var bias: UnsafePointer<Float>?
    package var activation = APUS_IDENTITY
    /// `[x.rows][w.rows]`; not y itself.
    package var residual: UnsafePointer<Float>?

    package init() {}
  }

  private let cpu: KernelTable
  private let workers: WorkerPool
  /// Panels of each worker, one after another.
  fileprivate let panels = Scratch(purpose: "panels of a product")
  /// Turned or rounded rows of x.
  fileprivate let rows = Scratch(purpose: "rows of a product")

  package init(cpu: KernelTable, workers: WorkerPool) {
    self.cpu = cpu
    self.workers = workers
  }

  /// `y = x · wᵀ`, `[x.rows][w.rows]` with rows `stride` floats apart.
  ///
  /// - Parameters:
  ///   - x: `[tokens, k]`
  ///   - w: `[rows, k]`
  /// - Throws: `RuntimeError.outOfMemory` when scratch memory has to grow and cannot.
  /// - Complexity: 2 · tokens · rows · k operations; packing touches each operand once.
  package func multiply(
    _ x: FloatMatrix, _ w: FloatMatrix, into y: UnsafeMutablePointer<Float>, stride: Int? = nil,
    precision: Precision = .f32, epilogue: Epilogue = Epilogue()
  ) throws(RuntimeError) {
    precondition(x.columns == w.columns, "a product wants operands of one depth")
    guard x.rows > 0, w.rows > 0 else { return }
    var job = try Job(x, w, y, stride ?? w.rows, precision, epilogue, cpu, workers: workers.count, self)
    withUnsafeMutablePointer(to: &job) { job in
      let context = UnsafeMutableRawPointer(job)
      if job.pointee.rowUnits > 0 {
        workers.parallel(job.pointee.rowUnits, context) { context, unit, _ in
          context.assumingMemoryBound(to: Job.self).pointee.prepareRows(unit)
        }
      }
      workers.parallel(job.pointee.units, context) { context, unit, worker in
        context.assumingMemoryBound(to: Job.self).pointee.multiply(unit, worker)
      }
    }
  }
}

/// Memory that grows to what was ever asked for.
private final class Scratch {
  private let purpose: String
  private var buffer: HugeBuffer?
  private var base: UnsafeMutableRawPointer?
  private var byteCount = 0

  init(purpose: String) {
    self.purpose = purpose
  }

  func reserve(_ bytes: Int) throws(RuntimeError) -> UnsafeMutableRawPointer {
    if let base, byteCount >= bytes { return base }
    // The old block goes first: both need not exist at once.
    (base, byteCount) = (nil, 0)
    buffer = nil
    let new = try HugeBuffer(byteCount: max(64, bytes), purpose: purpose)
    let start = new.base
    (base, byteCount) = (start, new.byteCount)
    buffer = consume new
    return start
  }
}

/// One product, as the workers see it.
private struct Job {
  let x: FloatMatrix
  let w: FloatMatrix
  let y: UnsafeMutablePointer<Float>
  let stride: Int
  let precision: FloatProduct.Precision
  let epilogue: FloatProduct.Epilogue
  let cpu: KernelTable
  /// Rows of w in a unit, a multiple of two panels.
  let blockRows: Int
  let panelBytes: Int
  let panels: UnsafeMutableRawPointer
  /// Rows of x as the kernel reads them.
  let rows: UnsafeRawPointer
  let rowBytes: Int
  /// Where they are made, and a float row for each of 16, when x itself does not do.
  let made: UnsafeMutableRawPointer?
  let turned: UnsafeMutablePointer<Float>?
  let rowUnits: Int

  /// Rows of x that are made at once.
  static let rowsPerUnit = 16

  init(
    _ x: FloatMatrix, _ w: FloatMatrix, _ y: UnsafeMutablePointer<Float>, _ stride: Int,
    _ precision: FloatProduct.Precision, _ epilogue: FloatProduct.Epilogue, _ cpu: KernelTable, workers: Int,
    _ owner: FloatProduct
  ) throws(RuntimeError) {
    self.x = x
    self.w = w
    self.y = y
    self.stride = stride
    self.precision = precision
    self.epilogue = epilogue
    self.cpu = cpu
    panelBytes = apus_panel_bytes(precision.layout, w.columns)
    // Four units a worker balance them; more than half a cache's worth of panels would not stay in it.
    let fair = (w.rows + 4 * workers - 1) / (4 * workers)
    let cached = 16 * max(1, 512 * 1024 / max(1, panelBytes))
    blockRows = max(32, (min(fair, cached) + 31) & ~31)
    panels = try owner.panels.reserve(workers * (blockRows / APUS_LANES) * panelBytes)
    let turns = x.columnStride != 1
    if turns || precision == .bf16 {
      let units = (x.rows + Self.rowsPerUnit - 1) / Self.rowsPerUnit
      rowUnits = units
      rowBytes = precision.form.rowBytes(x.columns)
      let floatBytes = turns && precision == .bf16 ? (4 * x.columns + 63) & ~63 : 0
      let count = units * Self.rowsPerUnit
      let memory = try owner.rows.reserve(count * (rowBytes + floatBytes))
      made = memory
      turned = floatBytes > 0 ? (memory + count * rowBytes).assumingMemoryBound(to: Float.self) : nil
      rows = UnsafeRawPointer(memory)
    } else {
      rowUnits = 0
      rowBytes = 4 * x.rowStride
      made = nil
      turned = nil
      rows = UnsafeRawPointer(x.base)
    }
  }

  var units: Int { (w.rows + blockRows - 1) / blockRows }

  /// Turns or rounds sixteen rows of x.
  func prepareRows(_ unit: Int) {
    let first = unit * Self.rowsPerUnit
    let count = min(Self.rowsPerUnit, x.rows - first)
    let k = x.columns
    var from = x.base + first * x.rowStride
    var fromStride = x.rowStride
    if x.columnStride != 1 {
      let floats = turned.map { $0 + first * ((k + 15) & ~15) }
      let to = floats ?? (made! + first * rowBytes).assumingMemoryBound(to: Float.self)
      let toStride = floats == nil ? rowBytes / 4 : (k + 15) & ~15
      cpu.pointee.transpose(from, x.columnStride, Int32(k), Int32(count), to, toStride)
      from = UnsafePointer(to)
      fromStride = toStride
    }
    guard let round = cpu.rounding(precision.form) else { return }
    for row in 0..<count {
      round(from + row * fromStride, Int32(k), made! + (first + row) * rowBytes)
    }
  }

  func multiply(_ unit: Int, _ worker: Int) {
    let first = unit * blockRows
    let count = min(blockRows, w.rows - first)
    let own = panels + worker * (blockRows / APUS_LANES) * panelBytes
    for row in Swift.stride(from: 0, to: count, by: APUS_LANES) {
      cpu.pointee.pack_floats(
        precision.layout, w.base + (first + row) * w.rowStride, w.rowStride, w.columnStride,
        Int32(min(APUS_LANES, count - row)), w.columns, own + row / APUS_LANES * panelBytes)
    }
    var arguments = apus_gemm()
    arguments.panels = UnsafeRawPointer(own)
    arguments.panel_bytes = panelBytes
    arguments.rows = Int32(count)
    arguments.k = w.columns
    arguments.x = rows
    arguments.x_bytes = rowBytes
    arguments.tokens = Int32(x.rows)
    arguments.y = y + first
    arguments.y_stride = stride
    arguments.accumulate = epilogue.accumulates ? 1 : 0
    arguments.bias = epilogue.bias.map { $0 + first }
    arguments.activation = epilogue.activation
    arguments.residual = epilogue.residual.map { $0 + first }
    arguments.residual_stride = w.rows
    cpu.product(precision.layout, for: precision.form)(&arguments)
  }
}
