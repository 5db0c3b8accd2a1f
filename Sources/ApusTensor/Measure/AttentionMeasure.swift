// Attention: a prompt against its own keys (held against arithmetic) and one token against a long cache (memory).

import ApusRuntime
import CApusKernels

extension KernelTimer {
  /// - Parameters:
  ///   - tokens: consecutive ones at the end of the keys, causal.
  ///   - heads: KV heads, each with `group` query heads.
  package func attention(
    _ format: KVFormat, tokens: Int, keys: Int, heads: Int, group: Int, headSize: Int
  ) throws -> KernelMeasurement {
    let layout = KVLayout(format: format, layers: 1, heads: heads, headSize: headSize)
    let pageCount = KVLayout.pages(keys)
    let cache = try HugeBuffer(byteCount: pageCount * layout.pageBytes, purpose: "keys to measure")
    let tile = min(tokens, KVLayout.tileTokens(workers: workers.count, group: group))
    let rows = tile * group
    let width = heads * group * headSize
    let memory = try HugeBuffer(byteCount: 8 * tokens * width, purpose: "queries to measure")
    let scratchBytes = apus_attention_scratch(Int32(rows), Int32(headSize))
    let scratch = try HugeBuffer(byteCount: workers.count * scratchBytes, purpose: "attention to measure")
    let (cacheBase, scratchBase) = (cache.base, scratch.base)
    let q = memory.base.assumingMemoryBound(to: Float.self)
    let out = q + tokens * width
    fillFloats(q, tokens * width)
    for position in 0..<keys {
      for head in 0..<heads {
        table.pointee.kv_store(
          format.kernelFormat, Int32(headSize), 1, q + (position * 31 + head) % tokens * headSize,
          q + (position * 17 + head) % tokens * headSize, 0,
          cacheBase + position / 64 * layout.pageBytes + layout.offset(layer: 0, head: head),
          Int32(position % 64))
      }
    }
    let pages = (0..<pageCount).map { UnsafeRawPointer?(cacheBase + $0 * layout.pageBytes) }
    let tiles = (tokens + tile - 1) / tile
    let offsets = (0..<rows).map { Int32($0 / group * width + $0 % group * headSize) }
    let first = [Int32](repeating: 0, count: rows)
    let last = (0..<tiles).map { tile_ in
      (0..<min(tile, tokens - tile_ * tile) * group).map {
        Int32(keys - tokens + tile_ * tile + $0 / group + 1)
      }
    }
    let decoding = tokens == 1
    let limit: LimitMeter.Limit = decoding ? .memory : .f32
    let (seconds, ceiling) = try median(against: limit) {
      pages.withUnsafeBufferPointer { pages in
        parallel(tiles * heads) { unit, worker in
          let (head, part) = (unit / tiles, tiles - 1 - unit % tiles)
          offsets.withUnsafeBufferPointer { offsets in
            first.withUnsafeBufferPointer { first in
              last[part].withUnsafeBufferPointer { last in
                var arguments = apus_attention()
                arguments.format = format.kernelFormat
                arguments.head_size = Int32(headSize)
                arguments.scale = 0.1
                arguments.rows = Int32(last.count)
                arguments.q = UnsafePointer(q + part * tile * width + head * group * headSize)
                arguments.q_offset = offsets.baseAddress!
                arguments.first = first.baseAddress!
                arguments.last = last.baseAddress!
                arguments.pages = pages.baseAddress!
                arguments.page_offset = layout.offset(layer: 0, head: head)
                arguments.out = out + part * tile * width + head * group * headSize
                arguments.out_offset = offsets.baseAddress!
                arguments.scratch = scratchBase + worker * scratchBytes
                table.pointee.attention(&arguments)
              }
            }
          }
        }
      }
    }
    let pairs = Double(tokens) * Double(2 * keys - tokens + 1) / 2
    return KernelMeasurement(
      kernel: "attention", type: "\(format.rawValue) head \(headSize)", tokens: tokens, rows: heads * group,
      columns: keys,
      work: decoding ? Double(pageCount * layout.pageBytes) : 4 * pairs * Double(width), seconds: seconds,
      limit: limit, ceiling: ceiling)
  }
}
