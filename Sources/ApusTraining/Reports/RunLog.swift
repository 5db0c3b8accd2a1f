// Everything a run writes down, behind one call. What cannot be written does not stop the training: it is told, once,
// until it works again.

import ApusBasics
import ApusRuntime
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The records of a run in its folder: `log.jsonl`, `tensorboard/`, `report.html`.
///
///     let log = try RunLog(directory: "out", settings: configuration.log, resumingAt: checkpoint?.step)
///     for problem in log.record(RunEvent(step: 10, .step(record))) { print(problem) }
public final class RunLog: Sendable {
  private struct State: ~Copyable {
    var lines: JSONLinesLog?
    var board: TensorBoardLog?
    var report: HTMLReport?
    /// What could not be written when it was last tried.
    var broken: Set<String> = []
  }

  private let directory: String
  private let state: Mutex<State>

  /// Opens or makes the files in a folder that exists.
  ///
  /// - Parameter step: the step of the checkpoint the run goes on from: what was written of later ones goes. nil begins
  ///   anew.
  /// - Throws: `FileError`.
  public init(
    directory: String, settings: TrainingConfiguration.Log, resumingAt step: Int?
  ) throws(FileError) {
    self.directory = directory
    var report = settings.html ? HTMLReport() : nil
    var lines: JSONLinesLog?
    if settings.jsonl {
      lines = try JSONLinesLog(path: directory + "/" + JSONLinesLog.fileName, keepingThrough: step) {
        report?.record($0)
      }
    }
    var board: TensorBoardLog?
    if settings.tensorboard {
      let folder = directory + "/" + TensorBoardLog.folderName
      guard mkdir(folder, 0o777) == 0 || errno == EEXIST else {
        throw .system(path: folder, operation: "make the folder", reason: errorText(errno))
      }
      board = try TensorBoardLog(path: folder + "/" + TensorBoardLog.fileName, keepingThrough: step)
    }
    state = Mutex(State(lines: lines, board: board, report: report))
  }

  /// Writes an event down. The report is written after evaluations and at the start and end.
  ///
  /// - Returns: what could not be written, one line each, the first time.
  public func record(_ event: RunEvent) -> [String] {
    state.withLock { state in
      var problems: [String] = []
      func attempt(_ name: String, _ body: (inout State) throws(FileError) -> Void, _ state: inout State) {
        do throws(FileError) {
          try body(&state)
          state.broken.remove(name)
        } catch {
          if state.broken.insert(name).inserted { problems.append("\(error); training goes on without it") }
        }
      }
      attempt("lines", { state throws(FileError) in try state.lines?.record(event) }, &state)
      attempt("board", { state throws(FileError) in try state.board?.record(event) }, &state)
      state.report?.record(event)
      switch event.kind {
      case .start, .evaluation, .end:
        let path = directory + "/" + HTMLReport.fileName
        attempt("report", { state throws(FileError) in try state.report?.write(to: path) }, &state)
      case .step, .sample, .checkpoint, .note: break
      }
      return problems
    }
  }
}

/// Seconds since 1970.
public func unixTime() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
