// The plan of every architecture: nothing runs before its operands, nothing shares memory while both live.

import ApusFiles
import ApusGraph
import ApusModels
import ApusTestSupport
import Testing

@Suite struct PlanTests {
  private static let limits = Sizes(tokens: 64, outputs: 4, sequences: 4)

  private func graph(_ name: String) throws -> Graph {
    let network = try Network(GGUFWeights(ModelFixture(name).file()))
    return try network.graph(contextLength: 128)
  }

  @Test("a node runs after its operands, or behind them in its own chain", arguments: ModelFixture.names)
  func order(_ name: String) throws {
    for optimized in [false, true] {
      let plan = Plan(try graph(name), limits: Self.limits, optimized: optimized)
      let producers = plan.graph.producers()
      var place: [Int: (phase: Int, group: Int, link: Int)] = [:]
      for (phase, groups) in plan.phases.enumerated() {
        for (group, nodes) in groups.groups.enumerated() {
          for (link, node) in nodes.enumerated() {
            #expect(place[node] == nil)
            place[node] = (phase, group, link)
          }
          let rows = Set(nodes.map { plan.graph[plan.graph.nodes[$0].outputs[0]].type.rows })
          #expect(
            nodes.count == 1
              || (rows.count == 1 && nodes.allSatisfy { plan.graph.nodes[$0].operation.isRowWise }))
        }
      }
      #expect(place.count == plan.graph.nodes.count)
      for (index, node) in plan.graph.nodes.enumerated() {
        for producer in node.inputs.compactMap({ producers[$0] }) {
          let (from, to) = (place[producer]!, place[index]!)
          let chained = from.phase == to.phase && from.group == to.group && from.link < to.link
          #expect(from.phase < to.phase || chained, "\(name): \(node.name) before its operand")
        }
      }
    }
  }

  @Test("values that live at the same time do not overlap", arguments: ModelFixture.names)
  func memory(_ name: String) throws {
    let plan = Plan(try graph(name), limits: Self.limits)
    var phaseOf: [Int: Int] = [:]
    for (phase, groups) in plan.phases.enumerated() {
      for node in groups.groups.joined() { phaseOf[node] = phase }
    }
    let readers = plan.graph.readers()
    var values: [(id: ValueID, bytes: Range<Int>, life: ClosedRange<Int>)] = []
    for (index, node) in plan.graph.nodes.enumerated() {
      for output in node.outputs {
        guard let offset = plan.memory.offsets[output] else { continue }
        let type = plan.graph[output].type
        let bytes = type.rowBytes * Self.limits[type.rows]
        #expect(offset % 64 == 0 && offset + bytes <= plan.memory.byteCount)
        let last = (readers[output] ?? []).map { phaseOf[$0]! }.max() ?? phaseOf[index]!
        let end = plan.graph.results.contains(output) ? plan.phases.count : last
        values.append((output, offset..<offset + bytes, phaseOf[index]!...end))
      }
    }
    for (position, a) in values.enumerated() {
      for b in values[(position + 1)...] where a.bytes.overlaps(b.bytes) && a.life.overlaps(b.life) {
        // Only a chain of operations that overwrite their operand shares, and only where the operand's life ends.
        let inherits = a.life.upperBound == b.life.lowerBound && a.bytes.lowerBound == b.bytes.lowerBound
        #expect(inherits, "\(name): \(a.id) and \(b.id) overlap")
      }
    }
  }

  @Test("decoding needs at most five barriers a layer", arguments: ModelFixture.names)
  func barriers(_ name: String) throws {
    let plan = Plan(try graph(name), limits: Self.limits)
    let layers = plan.graph.nodes.count { $0.name == "attention" }
    // One more for the head.
    #expect(plan.sharedPhaseCount <= 5 * layers + 1)
  }

  @Test("the last layer's MLP runs for the wanted rows only", arguments: ModelFixture.names)
  func selection(_ name: String) throws {
    let plan = Plan(try graph(name), limits: Self.limits)
    #expect(plan.changes.first { $0.name == "select-rows-early" }!.count > 3)
    let heads = plan.graph.nodes.filter {
      $0.name == "matmul" && plan.graph[$0.outputs[0]].type.rows == .outputs
    }
    // The head, the MLP's products and attention's output.
    #expect(heads.count >= 4)
    #expect(
      !plan.graph.nodes.contains { $0.name == "attention" && plan.graph[$0.outputs[0]].type.rows == .outputs }
    )
  }

  @Test("biases are fused where there are any")
  func biases() throws {
    #expect(Plan(try graph("gpt2"), limits: Self.limits).changes.first { $0.name == "fuse-bias" }!.count > 10)
    #expect(
      Plan(try graph("llama"), limits: Self.limits).changes.first { $0.name == "fuse-bias" }!.count == 0)
  }

  @Test("listings name every operation and weight")
  func listings() throws {
    let plan = Plan(try graph("gemma3"), limits: Self.limits)
    let (text, dot) = (plan.listing(), plan.dot())
    for tensor in [
      "token_embd.weight", "blk.6.ffn_down.weight", "blk.0.attn_q_norm.weight", "output_norm.weight",
    ] {
      #expect(text.contains(tensor) && dot.contains(tensor))
    }
    #expect(text.contains("side by side") && text.contains("window 8"))
    #expect(dot.filter { $0 == "{" }.count == dot.filter { $0 == "}" }.count)
  }
}
