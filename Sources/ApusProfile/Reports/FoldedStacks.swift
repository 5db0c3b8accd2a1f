// Folded stacks, the format of flame graphs: a line for each stack, its frames apart by semicolons, then a number.
// https://github.com/brendangregg/FlameGraph

import ApusBasics

extension Profile {
  /// The time of all threads as folded stacks: `phase;layer 3;attention;matmul Q4_K 1234`, in nanoseconds.
  ///
  /// Waiting is a frame of its own on top of the operation it follows, and what belongs to no operation is one under its
  /// phase, so that all numbers of a phase add up to its time on all threads. Equal stacks are one line.
  ///
  /// - Complexity: O(*n*) in the number of operations.
  public var foldedStacks: String {
    var stacks = FoldedStacks()
    // In the stack of a run that was stopped, whoever sees it also sees that.
    let root = isInterrupted ? ["interrupted"] : []
    for phase in phases {
      var counted = 0.0
      for operation in phase.operations {
        let frames = root + [phase.name] + operation.path + [operation.name]
        stacks.add(frames, operation.busyTotal)
        stacks.add(frames + ["waiting"], operation.waitTotal)
        counted += operation.busyTotal + operation.waitTotal
      }
      stacks.add(
        root + [phase.name, "outside of all operations"],
        Double(phase.wall) * Double(max(1, machine.threads)) - counted)
    }
    return stacks.text
  }
}

/// Stacks in the order of their first appearance.
private struct FoldedStacks {
  private var places: [String: Int] = [:]
  private var stacks: [(frames: String, time: Double)] = []

  mutating func add(_ frames: [String], _ time: Double) {
    guard time >= 0.5 else { return }
    let key = frames.map(Self.frame).joined(separator: ";")
    if let place = places[key] {
      stacks[place].time += time
    } else {
      places[key] = stacks.count
      stacks.append((key, time))
    }
  }

  var text: String { stacks.map { "\($0.frames) \(fixed($0.time, 0))\n" }.joined() }

  /// A frame without the signs that part frames and lines; never empty.
  private static func frame(_ name: String) -> String {
    let line = singleLine(name).split(separator: ";", omittingEmptySubsequences: false).joined(separator: ",")
    return line.isEmpty ? "(unnamed)" : line
  }
}
