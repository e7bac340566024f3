(module
 (type $0 (func (param i32 i32 i32 i32 i32)))
 (type $1 (func (param i32 i32 i32)))
 (type $2 (func (param i32 i32 i32 i32)))
 (import "env" "memory" (memory $memory 1 65536 shared))
 (func $trees_encode (param $input i32) (param $first i32) (param $rows i32) (param $trees i32) (param $codes i32)
  (local $feature i32)
  (local $6 i32)
  (local $values i32)
  (local $start i32)
  (local $9 v128)
  (local $10 v128)
  (local $11 v128)
  (local $buckets i32)
  (local $half i32)
  (local $columns i32)
  (local $15 i32)
  (local $rank i32)
  (local $rank.17 i32)
  (local $rank.18 i32)
  (local $rank.19 i32)
  (local $rank.20 i32)
  (local $rank.21 i32)
  (local $rank.22 i32)
  (local $rank.23 i32)
  (local $24 i32)
  (local $25 i32)
  (local $26 i32)
  (local $27 v128)
  (local $28 i32)
  (local $29 v128)
  (local $30 f32)
  (local $31 f32)
  (local $32 f32)
  (local $33 f32)
  (local $34 f32)
  (local $35 f32)
  (local $36 f32)
  (local $37 f32)
  (local $38 v128)
  (local $39 v128)
  (local $40 i32)
  (local $41 i32)
  (local $42 i32)
  (local $43 i32)
  (local $44 i32)
  (local $45 i32)
  (local $46 i32)
  (local $47 i32)
  (local $48 i32)
  (local $block i32)
  (local $column i32)
  (local $51 i32)
  (local $52 i32)
  (local $column.53 i32)
  (local $above i32)
  (local $below i32)
  (local $56 i32)
  (local $57 i32)
  (local $58 i32)
  (local $59 v128)
  (local $60 v128)
  (local $61 i32)
  (local $62 i32)
  (local $63 v128)
  (local $64 v128)
  (local $65 i32)
  (local $66 i32)
  (local $67 v128)
  (local $68 v128)
  (local $69 i32)
  (local $70 i32)
  (local $71 v128)
  (local $72 v128)
  (local $block.73 i32)
  (local $74 v128)
  (local.set $feature
   (i32.add
    (local.get $trees)
    (i32.const 0)
   )
  )
  (local.set $6
   (i32.const 0)
  )
  (block $end0
   (if
    (i32.lt_s
     (local.get $6)
     (i32.const 4)
    )
    (then
     (loop $loop0
      (block $next0
       (block
        (local.set $values
         (i32.add
          (i32.load
           (i32.add
            (local.get $input)
            (i32.shl
             (i32.load
              (local.get $feature)
             )
             (i32.const 2)
            )
           )
          )
          (i32.mul
           (local.get $first)
           (i32.const 4)
          )
         )
        )
        (local.set $start
         (i32.sub
          (i32.add
           (local.get $trees)
           (i32.load offset=4
            (local.get $feature)
           )
          )
          (i32.const 4)
         )
        )
        (local.set $9
         (v128.load32_splat offset=24
          (local.get $feature)
         )
        )
        (local.set $10
         (v128.load32_splat offset=32
          (local.get $feature)
         )
        )
        (local.set $11
         (v128.load32_splat offset=40
          (local.get $feature)
         )
        )
        (local.set $buckets
         (i32.add
          (local.get $trees)
          (i32.load offset=20
           (local.get $feature)
          )
         )
        )
        (local.set $half
         (i32.load offset=8
          (local.get $feature)
         )
        )
        (local.set $columns
         (i32.add
          (local.get $trees)
          (i32.load offset=12
           (local.get $feature)
          )
         )
        )
        (local.set $15
         (i32.add
          (local.get $columns)
          (i32.mul
           (i32.load offset=16
            (local.get $feature)
           )
           (i32.const 16)
          )
         )
        )
        (local.set $24
         (i32.const 0)
        )
        (block $end1
         (if
          (i32.lt_s
           (local.get $24)
           (local.get $rows)
          )
          (then
           (loop $loop1
            (block $next1
             (block
              (local.set $25
               (select
                (i32.add
                 (local.get $24)
                 (i32.const 4)
                )
                (local.get $24)
                (i32.lt_s
                 (i32.add
                  (local.get $24)
                  (i32.const 4)
                 )
                 (local.get $rows)
                )
               )
              )
              (local.set $26
               (i32.add
                (local.get $values)
                (i32.mul
                 (local.get $24)
                 (i32.const 4)
                )
               )
              )
              (local.set $27
               (v128.load
                (local.get $26)
               )
              )
              (local.set $28
               (i32.add
                (local.get $values)
                (i32.mul
                 (local.get $25)
                 (i32.const 4)
                )
               )
              )
              (local.set $29
               (v128.load
                (local.get $28)
               )
              )
              (local.set $30
               (f32x4.extract_lane 0
                (local.get $27)
               )
              )
              (local.set $31
               (f32x4.extract_lane 1
                (local.get $27)
               )
              )
              (local.set $32
               (f32x4.extract_lane 2
                (local.get $27)
               )
              )
              (local.set $33
               (f32x4.extract_lane 3
                (local.get $27)
               )
              )
              (local.set $34
               (f32x4.extract_lane 0
                (local.get $29)
               )
              )
              (local.set $35
               (f32x4.extract_lane 1
                (local.get $29)
               )
              )
              (local.set $36
               (f32x4.extract_lane 2
                (local.get $29)
               )
              )
              (local.set $37
               (f32x4.extract_lane 3
                (local.get $29)
               )
              )
              (local.set $38
               (i32x4.trunc_sat_f32x4_s
                (f32x4.pmax
                 (f32x4.pmin
                  (f32x4.mul
                   (f32x4.sub
                    (local.get $27)
                    (local.get $9)
                   )
                   (local.get $10)
                  )
                  (local.get $11)
                 )
                 (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
                )
               )
              )
              (local.set $39
               (i32x4.trunc_sat_f32x4_s
                (f32x4.pmax
                 (f32x4.pmin
                  (f32x4.mul
                   (f32x4.sub
                    (local.get $29)
                    (local.get $9)
                   )
                   (local.get $10)
                  )
                  (local.get $11)
                 )
                 (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
                )
               )
              )
              (local.set $rank
               (i32.add
                (local.get $start)
                (i32.load
                 (i32.add
                  (local.get $buckets)
                  (i32.shl
                   (i32x4.extract_lane 0
                    (local.get $38)
                   )
                   (i32.const 2)
                  )
                 )
                )
               )
              )
              (local.set $rank.17
               (i32.add
                (local.get $start)
                (i32.load
                 (i32.add
                  (local.get $buckets)
                  (i32.shl
                   (i32x4.extract_lane 1
                    (local.get $38)
                   )
                   (i32.const 2)
                  )
                 )
                )
               )
              )
              (local.set $rank.18
               (i32.add
                (local.get $start)
                (i32.load
                 (i32.add
                  (local.get $buckets)
                  (i32.shl
                   (i32x4.extract_lane 2
                    (local.get $38)
                   )
                   (i32.const 2)
                  )
                 )
                )
               )
              )
              (local.set $rank.19
               (i32.add
                (local.get $start)
                (i32.load
                 (i32.add
                  (local.get $buckets)
                  (i32.shl
                   (i32x4.extract_lane 3
                    (local.get $38)
                   )
                   (i32.const 2)
                  )
                 )
                )
               )
              )
              (local.set $rank.20
               (i32.add
                (local.get $start)
                (i32.load
                 (i32.add
                  (local.get $buckets)
                  (i32.shl
                   (i32x4.extract_lane 0
                    (local.get $39)
                   )
                   (i32.const 2)
                  )
                 )
                )
               )
              )
              (local.set $rank.21
               (i32.add
                (local.get $start)
                (i32.load
                 (i32.add
                  (local.get $buckets)
                  (i32.shl
                   (i32x4.extract_lane 1
                    (local.get $39)
                   )
                   (i32.const 2)
                  )
                 )
                )
               )
              )
              (local.set $rank.22
               (i32.add
                (local.get $start)
                (i32.load
                 (i32.add
                  (local.get $buckets)
                  (i32.shl
                   (i32x4.extract_lane 2
                    (local.get $39)
                   )
                   (i32.const 2)
                  )
                 )
                )
               )
              )
              (local.set $rank.23
               (i32.add
                (local.get $start)
                (i32.load
                 (i32.add
                  (local.get $buckets)
                  (i32.shl
                   (i32x4.extract_lane 3
                    (local.get $39)
                   )
                   (i32.const 2)
                  )
                 )
                )
               )
              )
              (local.set $40
               (local.get $half)
              )
              (block $end2
               (loop $loop2
                (br_if $end2
                 (i32.eqz
                  (i32.ne
                   (local.get $40)
                   (i32.const 0)
                  )
                 )
                )
                (local.set $41
                 (i32.add
                  (local.get $rank)
                  (local.get $40)
                 )
                )
                (local.set $rank
                 (select
                  (local.get $41)
                  (local.get $rank)
                  (f32.gt
                   (local.get $30)
                   (f32.load
                    (local.get $41)
                   )
                  )
                 )
                )
                (local.set $42
                 (i32.add
                  (local.get $rank.17)
                  (local.get $40)
                 )
                )
                (local.set $rank.17
                 (select
                  (local.get $42)
                  (local.get $rank.17)
                  (f32.gt
                   (local.get $31)
                   (f32.load
                    (local.get $42)
                   )
                  )
                 )
                )
                (local.set $43
                 (i32.add
                  (local.get $rank.18)
                  (local.get $40)
                 )
                )
                (local.set $rank.18
                 (select
                  (local.get $43)
                  (local.get $rank.18)
                  (f32.gt
                   (local.get $32)
                   (f32.load
                    (local.get $43)
                   )
                  )
                 )
                )
                (local.set $44
                 (i32.add
                  (local.get $rank.19)
                  (local.get $40)
                 )
                )
                (local.set $rank.19
                 (select
                  (local.get $44)
                  (local.get $rank.19)
                  (f32.gt
                   (local.get $33)
                   (f32.load
                    (local.get $44)
                   )
                  )
                 )
                )
                (local.set $45
                 (i32.add
                  (local.get $rank.20)
                  (local.get $40)
                 )
                )
                (local.set $rank.20
                 (select
                  (local.get $45)
                  (local.get $rank.20)
                  (f32.gt
                   (local.get $34)
                   (f32.load
                    (local.get $45)
                   )
                  )
                 )
                )
                (local.set $46
                 (i32.add
                  (local.get $rank.21)
                  (local.get $40)
                 )
                )
                (local.set $rank.21
                 (select
                  (local.get $46)
                  (local.get $rank.21)
                  (f32.gt
                   (local.get $35)
                   (f32.load
                    (local.get $46)
                   )
                  )
                 )
                )
                (local.set $47
                 (i32.add
                  (local.get $rank.22)
                  (local.get $40)
                 )
                )
                (local.set $rank.22
                 (select
                  (local.get $47)
                  (local.get $rank.22)
                  (f32.gt
                   (local.get $36)
                   (f32.load
                    (local.get $47)
                   )
                  )
                 )
                )
                (local.set $48
                 (i32.add
                  (local.get $rank.23)
                  (local.get $40)
                 )
                )
                (local.set $rank.23
                 (select
                  (local.get $48)
                  (local.get $rank.23)
                  (f32.gt
                   (local.get $37)
                   (f32.load
                    (local.get $48)
                   )
                  )
                 )
                )
                (local.set $40
                 (i32.and
                  (i32.shr_u
                   (local.get $40)
                   (i32.const 1)
                  )
                  (i32.const -4)
                 )
                )
                (br $loop2)
               )
              )
              (local.set $rank
               (i32.shr_u
                (i32.sub
                 (local.get $rank)
                 (local.get $start)
                )
                (i32.const 2)
               )
              )
              (local.set $rank.17
               (i32.shr_u
                (i32.sub
                 (local.get $rank.17)
                 (local.get $start)
                )
                (i32.const 2)
               )
              )
              (local.set $rank.18
               (i32.shr_u
                (i32.sub
                 (local.get $rank.18)
                 (local.get $start)
                )
                (i32.const 2)
               )
              )
              (local.set $rank.19
               (i32.shr_u
                (i32.sub
                 (local.get $rank.19)
                 (local.get $start)
                )
                (i32.const 2)
               )
              )
              (local.set $rank.20
               (i32.shr_u
                (i32.sub
                 (local.get $rank.20)
                 (local.get $start)
                )
                (i32.const 2)
               )
              )
              (local.set $rank.21
               (i32.shr_u
                (i32.sub
                 (local.get $rank.21)
                 (local.get $start)
                )
                (i32.const 2)
               )
              )
              (local.set $rank.22
               (i32.shr_u
                (i32.sub
                 (local.get $rank.22)
                 (local.get $start)
                )
                (i32.const 2)
               )
              )
              (local.set $rank.23
               (i32.shr_u
                (i32.sub
                 (local.get $rank.23)
                 (local.get $start)
                )
                (i32.const 2)
               )
              )
              (local.set $block
               (i32.add
                (i32.add
                 (local.get $codes)
                 (i32.mul
                  (i32.shr_u
                   (local.get $24)
                   (i32.const 6)
                  )
                  (i32.const 320)
                 )
                )
                (i32.and
                 (local.get $24)
                 (i32.const 63)
                )
               )
              )
              (local.set $column
               (local.get $columns)
              )
              (block $end3
               (loop $loop3
                (br_if $end3
                 (i32.eqz
                  (i32.lt_u
                   (local.get $column)
                   (local.get $15)
                  )
                 )
                )
                (local.set $51
                 (i32.add
                  (local.get $trees)
                  (i32.load offset=4
                   (local.get $column)
                  )
                 )
                )
                (local.set $52
                 (i32.add
                  (local.get $block)
                  (i32.load
                   (local.get $column)
                  )
                 )
                )
                (i32.store8
                 (local.get $52)
                 (i32.load8_u
                  (i32.add
                   (local.get $51)
                   (local.get $rank)
                  )
                 )
                )
                (i32.store8 offset=1
                 (local.get $52)
                 (i32.load8_u
                  (i32.add
                   (local.get $51)
                   (local.get $rank.17)
                  )
                 )
                )
                (i32.store8 offset=2
                 (local.get $52)
                 (i32.load8_u
                  (i32.add
                   (local.get $51)
                   (local.get $rank.18)
                  )
                 )
                )
                (i32.store8 offset=3
                 (local.get $52)
                 (i32.load8_u
                  (i32.add
                   (local.get $51)
                   (local.get $rank.19)
                  )
                 )
                )
                (i32.store8 offset=4
                 (local.get $52)
                 (i32.load8_u
                  (i32.add
                   (local.get $51)
                   (local.get $rank.20)
                  )
                 )
                )
                (i32.store8 offset=5
                 (local.get $52)
                 (i32.load8_u
                  (i32.add
                   (local.get $51)
                   (local.get $rank.21)
                  )
                 )
                )
                (i32.store8 offset=6
                 (local.get $52)
                 (i32.load8_u
                  (i32.add
                   (local.get $51)
                   (local.get $rank.22)
                  )
                 )
                )
                (i32.store8 offset=7
                 (local.get $52)
                 (i32.load8_u
                  (i32.add
                   (local.get $51)
                   (local.get $rank.23)
                  )
                 )
                )
                (local.set $column
                 (i32.add
                  (local.get $column)
                  (i32.const 16)
                 )
                )
                (br $loop3)
               )
              )
             )
            )
            (local.set $24
             (i32.add
              (local.get $24)
              (i32.const 8)
             )
            )
            (br_if $loop1
             (i32.lt_s
              (local.get $24)
              (local.get $rows)
             )
            )
           )
          )
         )
        )
        (local.set $column.53
         (local.get $columns)
        )
        (block $end4
         (loop $loop4
          (br_if $end4
           (i32.eqz
            (i32.lt_u
             (local.get $column.53)
             (local.get $15)
            )
           )
          )
          (local.set $above
           (i32.load offset=8
            (local.get $column.53)
           )
          )
          (if
           (i32.ne
            (local.get $above)
            (i32.const -1)
           )
           (then
            (local.set $below
             (i32.load
              (local.get $column.53)
             )
            )
            (local.set $56
             (i32.const 0)
            )
            (block $end5
             (if
              (i32.lt_s
               (local.get $56)
               (local.get $rows)
              )
              (then
               (loop $loop5
                (block $next5
                 (block
                  (local.set $57
                   (select
                    (i32.add
                     (local.get $56)
                     (i32.const 0)
                    )
                    (local.get $56)
                    (i32.lt_s
                     (i32.add
                      (local.get $56)
                      (i32.const 0)
                     )
                     (local.get $rows)
                    )
                   )
                  )
                  (local.set $58
                   (i32.add
                    (local.get $values)
                    (i32.mul
                     (local.get $57)
                     (i32.const 4)
                    )
                   )
                  )
                  (local.set $59
                   (v128.load
                    (local.get $58)
                   )
                  )
                  (local.set $60
                   (f32x4.ne
                    (local.get $59)
                    (local.get $59)
                   )
                  )
                  (local.set $61
                   (select
                    (i32.add
                     (local.get $56)
                     (i32.const 4)
                    )
                    (local.get $56)
                    (i32.lt_s
                     (i32.add
                      (local.get $56)
                      (i32.const 4)
                     )
                     (local.get $rows)
                    )
                   )
                  )
                  (local.set $62
                   (i32.add
                    (local.get $values)
                    (i32.mul
                     (local.get $61)
                     (i32.const 4)
                    )
                   )
                  )
                  (local.set $63
                   (v128.load
                    (local.get $62)
                   )
                  )
                  (local.set $64
                   (f32x4.ne
                    (local.get $63)
                    (local.get $63)
                   )
                  )
                  (local.set $65
                   (select
                    (i32.add
                     (local.get $56)
                     (i32.const 8)
                    )
                    (local.get $56)
                    (i32.lt_s
                     (i32.add
                      (local.get $56)
                      (i32.const 8)
                     )
                     (local.get $rows)
                    )
                   )
                  )
                  (local.set $66
                   (i32.add
                    (local.get $values)
                    (i32.mul
                     (local.get $65)
                     (i32.const 4)
                    )
                   )
                  )
                  (local.set $67
                   (v128.load
                    (local.get $66)
                   )
                  )
                  (local.set $68
                   (f32x4.ne
                    (local.get $67)
                    (local.get $67)
                   )
                  )
                  (local.set $69
                   (select
                    (i32.add
                     (local.get $56)
                     (i32.const 12)
                    )
                    (local.get $56)
                    (i32.lt_s
                     (i32.add
                      (local.get $56)
                      (i32.const 12)
                     )
                     (local.get $rows)
                    )
                   )
                  )
                  (local.set $70
                   (i32.add
                    (local.get $values)
                    (i32.mul
                     (local.get $69)
                     (i32.const 4)
                    )
                   )
                  )
                  (local.set $71
                   (v128.load
                    (local.get $70)
                   )
                  )
                  (local.set $72
                   (f32x4.ne
                    (local.get $71)
                    (local.get $71)
                   )
                  )
                  (local.set $block.73
                   (i32.add
                    (i32.add
                     (local.get $codes)
                     (i32.mul
                      (i32.shr_u
                       (local.get $56)
                       (i32.const 6)
                      )
                      (i32.const 320)
                     )
                    )
                    (i32.and
                     (local.get $56)
                     (i32.const 63)
                    )
                   )
                  )
                  (local.set $74
                   (i8x16.narrow_i16x8_s
                    (i16x8.narrow_i32x4_s
                     (local.get $60)
                     (local.get $64)
                    )
                    (i16x8.narrow_i32x4_s
                     (local.get $68)
                     (local.get $72)
                    )
                   )
                  )
                  (v128.store
                   (i32.add
                    (local.get $block.73)
                    (local.get $above)
                   )
                   (v128.bitselect
                    (i8x16.splat
                     (i32.const 127)
                    )
                    (v128.load
                     (i32.add
                      (local.get $block.73)
                      (local.get $below)
                     )
                    )
                    (local.get $74)
                   )
                  )
                 )
                )
                (local.set $56
                 (i32.add
                  (local.get $56)
                  (i32.const 16)
                 )
                )
                (br_if $loop5
                 (i32.lt_s
                  (local.get $56)
                  (local.get $rows)
                 )
                )
               )
              )
             )
            )
           )
          )
          (local.set $column.53
           (i32.add
            (local.get $column.53)
            (i32.const 16)
           )
          )
          (br $loop4)
         )
        )
        (local.set $feature
         (i32.add
          (local.get $feature)
          (i32.const 48)
         )
        )
       )
      )
      (local.set $6
       (i32.add
        (local.get $6)
        (i32.const 1)
       )
      )
      (br_if $loop0
       (i32.lt_s
        (local.get $6)
        (i32.const 4)
       )
      )
     )
    )
   )
  )
 )
 (func $trees_turn (param $trees i32) (param $codes i32) (param $blocks i32)
  (local $pair i32)
  (local $4 i32)
  (local $from i32)
  (local $to i32)
  (local $7 i32)
  (local.set $pair
   (i32.add
    (local.get $trees)
    (i32.const 256)
   )
  )
  (local.set $4
   (i32.const 0)
  )
  (block $end0
   (if
    (i32.lt_s
     (local.get $4)
     (i32.const 1)
    )
    (then
     (loop $loop0
      (block $next0
       (block
        (local.set $from
         (i32.add
          (local.get $codes)
          (i32.load
           (local.get $pair)
          )
         )
        )
        (local.set $to
         (i32.add
          (local.get $codes)
          (i32.load offset=4
           (local.get $pair)
          )
         )
        )
        (local.set $7
         (i32.const 0)
        )
        (block $end1
         (if
          (i32.lt_s
           (local.get $7)
           (local.get $blocks)
          )
          (then
           (loop $loop1
            (block $next1
             (block
              (v128.store
               (local.get $to)
               (v128.not
                (v128.load
                 (local.get $from)
                )
               )
              )
              (v128.store offset=16
               (local.get $to)
               (v128.not
                (v128.load offset=16
                 (local.get $from)
                )
               )
              )
              (v128.store offset=32
               (local.get $to)
               (v128.not
                (v128.load offset=32
                 (local.get $from)
                )
               )
              )
              (v128.store offset=48
               (local.get $to)
               (v128.not
                (v128.load offset=48
                 (local.get $from)
                )
               )
              )
              (local.set $from
               (i32.add
                (local.get $from)
                (i32.const 320)
               )
              )
              (local.set $to
               (i32.add
                (local.get $to)
                (i32.const 320)
               )
              )
             )
            )
            (local.set $7
             (i32.add
              (local.get $7)
              (i32.const 1)
             )
            )
            (br_if $loop1
             (i32.lt_s
              (local.get $7)
              (local.get $blocks)
             )
            )
           )
          )
         )
        )
        (local.set $pair
         (i32.add
          (local.get $pair)
          (i32.const 8)
         )
        )
       )
      )
      (local.set $4
       (i32.add
        (local.get $4)
        (i32.const 1)
       )
      )
      (br_if $loop0
       (i32.lt_s
        (local.get $4)
        (i32.const 1)
       )
      )
     )
    )
   )
  )
 )
 (func $trees_masks (param $trees i32) (param $codes i32) (param $sums i32) (param $masks i32) (param $blocks i32)
  (local $header i32)
  (local $entries i32)
  (local $leaves i32)
  (local $entry i32)
  (local $9 i32)
  (local $code i32)
  (local $sum i32)
  (local $12 i32)
  (local $mask v128)
  (local $mask.14 v128)
  (local $mask.15 v128)
  (local $mask.16 v128)
  (local $left i32)
  (local $18 i32)
  (local $19 v128)
  (local $20 v128)
  (local $21 v128)
  (local $22 v128)
  (local $23 v128)
  (local $24 v128)
  (local $25 v128)
  (local $26 v128)
  (local $27 v128)
  (local $28 v128)
  (local $29 v128)
  (local $30 v128)
  (local $31 v128)
  (local $32 v128)
  (local $33 v128)
  (local $34 v128)
  (local $35 v128)
  (local $36 v128)
  (local $37 v128)
  (local $38 v128)
  (local $39 v128)
  (local $40 v128)
  (local $41 v128)
  (local $42 v128)
  (local $43 v128)
  (local $44 v128)
  (local $45 v128)
  (local $46 v128)
  (local $47 v128)
  (local $48 v128)
  (local $49 v128)
  (local $50 v128)
  (local $51 v128)
  (local $52 v128)
  (local $53 v128)
  (local $54 v128)
  (local $55 v128)
  (local $56 v128)
  (local $57 v128)
  (local $58 v128)
  (local $59 v128)
  (local $60 v128)
  (local $61 v128)
  (local $62 v128)
  (local $63 v128)
  (local $64 v128)
  (local $65 v128)
  (local $66 v128)
  (local $67 v128)
  (local $68 v128)
  (local $69 v128)
  (local $70 v128)
  (local $71 v128)
  (local $72 v128)
  (local.set $header
   (i32.add
    (local.get $trees)
    (i32.const 272)
   )
  )
  (local.set $entries
   (i32.add
    (local.get $trees)
    (i32.const 432)
   )
  )
  (local.set $leaves
   (i32.add
    (local.get $trees)
    (i32.const 560)
   )
  )
  (local.set $9
   (i32.const 0)
  )
  (block $end0
   (if
    (i32.lt_s
     (local.get $9)
     (i32.const 10)
    )
    (then
     (loop $loop0
      (block $next0
       (block
        (local.set $code
         (local.get $codes)
        )
        (local.set $sum
         (i32.add
          (local.get $sums)
          (i32.mul
           (i32.load
            (local.get $header)
           )
           (i32.const 256)
          )
         )
        )
        (local.set $12
         (i32.const 0)
        )
        (block $end1
         (if
          (i32.lt_s
           (local.get $12)
           (local.get $blocks)
          )
          (then
           (loop $loop1
            (block $next1
             (block
              (local.set $entry
               (local.get $entries)
              )
              (local.set $mask
               (v128.const i32x4 0xffffffff 0xffffffff 0xffffffff 0xffffffff)
              )
              (local.set $mask.14
               (v128.const i32x4 0xffffffff 0xffffffff 0xffffffff 0xffffffff)
              )
              (local.set $mask.15
               (v128.const i32x4 0xffffffff 0xffffffff 0xffffffff 0xffffffff)
              )
              (local.set $mask.16
               (v128.const i32x4 0xffffffff 0xffffffff 0xffffffff 0xffffffff)
              )
              (local.set $left
               (i32.load8_u offset=4
                (local.get $header)
               )
              )
              (block $end2
               (loop $loop2
                (br_if $end2
                 (i32.eqz
                  (i32.ne
                   (local.get $left)
                   (i32.const 0)
                  )
                 )
                )
                (local.set $18
                 (i32.add
                  (local.get $code)
                  (i32.load16_u
                   (local.get $entry)
                  )
                 )
                )
                (local.set $19
                 (v128.load8_splat offset=2
                  (local.get $entry)
                 )
                )
                (local.set $20
                 (v128.load8_splat offset=3
                  (local.get $entry)
                 )
                )
                (local.set $mask
                 (v128.andnot
                  (local.get $mask)
                  (v128.and
                   (i8x16.gt_s
                    (v128.load
                     (local.get $18)
                    )
                    (local.get $19)
                   )
                   (local.get $20)
                  )
                 )
                )
                (local.set $mask.14
                 (v128.andnot
                  (local.get $mask.14)
                  (v128.and
                   (i8x16.gt_s
                    (v128.load offset=16
                     (local.get $18)
                    )
                    (local.get $19)
                   )
                   (local.get $20)
                  )
                 )
                )
                (local.set $mask.15
                 (v128.andnot
                  (local.get $mask.15)
                  (v128.and
                   (i8x16.gt_s
                    (v128.load offset=32
                     (local.get $18)
                    )
                    (local.get $19)
                   )
                   (local.get $20)
                  )
                 )
                )
                (local.set $mask.16
                 (v128.andnot
                  (local.get $mask.16)
                  (v128.and
                   (i8x16.gt_s
                    (v128.load offset=48
                     (local.get $18)
                    )
                    (local.get $19)
                   )
                   (local.get $20)
                  )
                 )
                )
                (local.set $entry
                 (i32.add
                  (local.get $entry)
                  (i32.const 4)
                 )
                )
                (local.set $left
                 (i32.sub
                  (local.get $left)
                  (i32.const 1)
                 )
                )
                (br $loop2)
               )
              )
              (v128.store
               (local.get $masks)
               (local.get $mask)
              )
              (v128.store offset=16
               (local.get $masks)
               (local.get $mask.14)
              )
              (v128.store offset=32
               (local.get $masks)
               (local.get $mask.15)
              )
              (v128.store offset=48
               (local.get $masks)
               (local.get $mask.16)
              )
              (local.set $21
               (v128.load
                (local.get $masks)
               )
              )
              (local.set $22
               (local.get $21)
              )
              (local.set $23
               (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
              )
              (local.set $24
               (v128.and
                (local.get $22)
                (i8x16.sub
                 (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
                 (local.get $22)
                )
               )
              )
              (local.set $25
               (i8x16.sub
                (i8x16.min_u
                 (i8x16.swizzle
                  (v128.const i32x4 0xff0100ff 0xffffff02 0xffffff03 0xffffffff)
                  (v128.and
                   (local.get $24)
                   (i8x16.splat
                    (i32.const 15)
                   )
                  )
                 )
                 (i8x16.swizzle
                  (v128.const i32x4 0xff0504ff 0xffffff06 0xffffff07 0xffffffff)
                  (i8x16.shr_u
                   (local.get $24)
                   (i32.const 4)
                  )
                 )
                )
                (local.get $23)
               )
              )
              (local.set $26
               (i8x16.swizzle
                (v128.load
                 (local.get $leaves)
                )
                (local.get $25)
               )
              )
              (local.set $27
               (i8x16.swizzle
                (v128.load offset=8
                 (local.get $leaves)
                )
                (local.get $25)
               )
              )
              (local.set $28
               (i8x16.swizzle
                (v128.load offset=16
                 (local.get $leaves)
                )
                (local.get $25)
               )
              )
              (local.set $29
               (i8x16.swizzle
                (v128.load offset=24
                 (local.get $leaves)
                )
                (local.get $25)
               )
              )
              (local.set $30
               (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
                (local.get $26)
                (local.get $27)
               )
              )
              (local.set $31
               (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
                (local.get $28)
                (local.get $29)
               )
              )
              (local.set $32
               (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
                (local.get $26)
                (local.get $27)
               )
              )
              (local.set $33
               (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
                (local.get $28)
                (local.get $29)
               )
              )
              (v128.store
               (local.get $sum)
               (f32x4.add
                (v128.load
                 (local.get $sum)
                )
                (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23
                 (local.get $30)
                 (local.get $31)
                )
               )
              )
              (v128.store offset=16
               (local.get $sum)
               (f32x4.add
                (v128.load offset=16
                 (local.get $sum)
                )
                (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31
                 (local.get $30)
                 (local.get $31)
                )
               )
              )
              (v128.store offset=32
               (local.get $sum)
               (f32x4.add
                (v128.load offset=32
                 (local.get $sum)
                )
                (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23
                 (local.get $32)
                 (local.get $33)
                )
               )
              )
              (v128.store offset=48
               (local.get $sum)
               (f32x4.add
                (v128.load offset=48
                 (local.get $sum)
                )
                (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31
                 (local.get $32)
                 (local.get $33)
                )
               )
              )
              (local.set $34
               (v128.load offset=16
                (local.get $masks)
               )
              )
              (local.set $35
               (local.get $34)
              )
              (local.set $36
               (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
              )
              (local.set $37
               (v128.and
                (local.get $35)
                (i8x16.sub
                 (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
                 (local.get $35)
                )
               )
              )
              (local.set $38
               (i8x16.sub
                (i8x16.min_u
                 (i8x16.swizzle
                  (v128.const i32x4 0xff0100ff 0xffffff02 0xffffff03 0xffffffff)
                  (v128.and
                   (local.get $37)
                   (i8x16.splat
                    (i32.const 15)
                   )
                  )
                 )
                 (i8x16.swizzle
                  (v128.const i32x4 0xff0504ff 0xffffff06 0xffffff07 0xffffffff)
                  (i8x16.shr_u
                   (local.get $37)
                   (i32.const 4)
                  )
                 )
                )
                (local.get $36)
               )
              )
              (local.set $39
               (i8x16.swizzle
                (v128.load
                 (local.get $leaves)
                )
                (local.get $38)
               )
              )
              (local.set $40
               (i8x16.swizzle
                (v128.load offset=8
                 (local.get $leaves)
                )
                (local.get $38)
               )
              )
              (local.set $41
               (i8x16.swizzle
                (v128.load offset=16
                 (local.get $leaves)
                )
                (local.get $38)
               )
              )
              (local.set $42
               (i8x16.swizzle
                (v128.load offset=24
                 (local.get $leaves)
                )
                (local.get $38)
               )
              )
              (local.set $43
               (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
                (local.get $39)
                (local.get $40)
               )
              )
              (local.set $44
               (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
                (local.get $41)
                (local.get $42)
               )
              )
              (local.set $45
               (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
                (local.get $39)
                (local.get $40)
               )
              )
              (local.set $46
               (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
                (local.get $41)
                (local.get $42)
               )
              )
              (v128.store offset=64
               (local.get $sum)
               (f32x4.add
                (v128.load offset=64
                 (local.get $sum)
                )
                (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23
                 (local.get $43)
                 (local.get $44)
                )
               )
              )
              (v128.store offset=80
               (local.get $sum)
               (f32x4.add
                (v128.load offset=80
                 (local.get $sum)
                )
                (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31
                 (local.get $43)
                 (local.get $44)
                )
               )
              )
              (v128.store offset=96
               (local.get $sum)
               (f32x4.add
                (v128.load offset=96
                 (local.get $sum)
                )
                (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23
                 (local.get $45)
                 (local.get $46)
                )
               )
              )
              (v128.store offset=112
               (local.get $sum)
               (f32x4.add
                (v128.load offset=112
                 (local.get $sum)
                )
                (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31
                 (local.get $45)
                 (local.get $46)
                )
               )
              )
              (local.set $47
               (v128.load offset=32
                (local.get $masks)
               )
              )
              (local.set $48
               (local.get $47)
              )
              (local.set $49
               (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
              )
              (local.set $50
               (v128.and
                (local.get $48)
                (i8x16.sub
                 (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
                 (local.get $48)
                )
               )
              )
              (local.set $51
               (i8x16.sub
                (i8x16.min_u
                 (i8x16.swizzle
                  (v128.const i32x4 0xff0100ff 0xffffff02 0xffffff03 0xffffffff)
                  (v128.and
                   (local.get $50)
                   (i8x16.splat
                    (i32.const 15)
                   )
                  )
                 )
                 (i8x16.swizzle
                  (v128.const i32x4 0xff0504ff 0xffffff06 0xffffff07 0xffffffff)
                  (i8x16.shr_u
                   (local.get $50)
                   (i32.const 4)
                  )
                 )
                )
                (local.get $49)
               )
              )
              (local.set $52
               (i8x16.swizzle
                (v128.load
                 (local.get $leaves)
                )
                (local.get $51)
               )
              )
              (local.set $53
               (i8x16.swizzle
                (v128.load offset=8
                 (local.get $leaves)
                )
                (local.get $51)
               )
              )
              (local.set $54
               (i8x16.swizzle
                (v128.load offset=16
                 (local.get $leaves)
                )
                (local.get $51)
               )
              )
              (local.set $55
               (i8x16.swizzle
                (v128.load offset=24
                 (local.get $leaves)
                )
                (local.get $51)
               )
              )
              (local.set $56
               (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
                (local.get $52)
                (local.get $53)
               )
              )
              (local.set $57
               (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
                (local.get $54)
                (local.get $55)
               )
              )
              (local.set $58
               (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
                (local.get $52)
                (local.get $53)
               )
              )
              (local.set $59
               (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
                (local.get $54)
                (local.get $55)
               )
              )
              (v128.store offset=128
               (local.get $sum)
               (f32x4.add
                (v128.load offset=128
                 (local.get $sum)
                )
                (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23
                 (local.get $56)
                 (local.get $57)
                )
               )
              )
              (v128.store offset=144
               (local.get $sum)
               (f32x4.add
                (v128.load offset=144
                 (local.get $sum)
                )
                (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31
                 (local.get $56)
                 (local.get $57)
                )
               )
              )
              (v128.store offset=160
               (local.get $sum)
               (f32x4.add
                (v128.load offset=160
                 (local.get $sum)
                )
                (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23
                 (local.get $58)
                 (local.get $59)
                )
               )
              )
              (v128.store offset=176
               (local.get $sum)
               (f32x4.add
                (v128.load offset=176
                 (local.get $sum)
                )
                (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31
                 (local.get $58)
                 (local.get $59)
                )
               )
              )
              (local.set $60
               (v128.load offset=48
                (local.get $masks)
               )
              )
              (local.set $61
               (local.get $60)
              )
              (local.set $62
               (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
              )
              (local.set $63
               (v128.and
                (local.get $61)
                (i8x16.sub
                 (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
                 (local.get $61)
                )
               )
              )
              (local.set $64
               (i8x16.sub
                (i8x16.min_u
                 (i8x16.swizzle
                  (v128.const i32x4 0xff0100ff 0xffffff02 0xffffff03 0xffffffff)
                  (v128.and
                   (local.get $63)
                   (i8x16.splat
                    (i32.const 15)
                   )
                  )
                 )
                 (i8x16.swizzle
                  (v128.const i32x4 0xff0504ff 0xffffff06 0xffffff07 0xffffffff)
                  (i8x16.shr_u
                   (local.get $63)
                   (i32.const 4)
                  )
                 )
                )
                (local.get $62)
               )
              )
              (local.set $65
               (i8x16.swizzle
                (v128.load
                 (local.get $leaves)
                )
                (local.get $64)
               )
              )
              (local.set $66
               (i8x16.swizzle
                (v128.load offset=8
                 (local.get $leaves)
                )
                (local.get $64)
               )
              )
              (local.set $67
               (i8x16.swizzle
                (v128.load offset=16
                 (local.get $leaves)
                )
                (local.get $64)
               )
              )
              (local.set $68
               (i8x16.swizzle
                (v128.load offset=24
                 (local.get $leaves)
                )
                (local.get $64)
               )
              )
              (local.set $69
               (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
                (local.get $65)
                (local.get $66)
               )
              )
              (local.set $70
               (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
                (local.get $67)
                (local.get $68)
               )
              )
              (local.set $71
               (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
                (local.get $65)
                (local.get $66)
               )
              )
              (local.set $72
               (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
                (local.get $67)
                (local.get $68)
               )
              )
              (v128.store offset=192
               (local.get $sum)
               (f32x4.add
                (v128.load offset=192
                 (local.get $sum)
                )
                (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23
                 (local.get $69)
                 (local.get $70)
                )
               )
              )
              (v128.store offset=208
               (local.get $sum)
               (f32x4.add
                (v128.load offset=208
                 (local.get $sum)
                )
                (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31
                 (local.get $69)
                 (local.get $70)
                )
               )
              )
              (v128.store offset=224
               (local.get $sum)
               (f32x4.add
                (v128.load offset=224
                 (local.get $sum)
                )
                (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23
                 (local.get $71)
                 (local.get $72)
                )
               )
              )
              (v128.store offset=240
               (local.get $sum)
               (f32x4.add
                (v128.load offset=240
                 (local.get $sum)
                )
                (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31
                 (local.get $71)
                 (local.get $72)
                )
               )
              )
              (local.set $code
               (i32.add
                (local.get $code)
                (i32.const 320)
               )
              )
              (local.set $sum
               (i32.add
                (local.get $sum)
                (i32.const 256)
               )
              )
             )
            )
            (local.set $12
             (i32.add
              (local.get $12)
              (i32.const 1)
             )
            )
            (br_if $loop1
             (i32.lt_s
              (local.get $12)
              (local.get $blocks)
             )
            )
           )
          )
         )
        )
        (local.set $entries
         (local.get $entry)
        )
        (local.set $header
         (i32.add
          (local.get $header)
          (i32.const 16)
         )
        )
        (local.set $leaves
         (i32.add
          (local.get $leaves)
          (i32.const 32)
         )
        )
       )
      )
      (local.set $9
       (i32.add
        (local.get $9)
        (i32.const 1)
       )
      )
      (br_if $loop0
       (i32.lt_s
        (local.get $9)
        (i32.const 10)
       )
      )
     )
    )
   )
  )
 )
 (func $trees_finish (param $sums i32) (param $output i32) (param $first i32) (param $rows i32)
  (local $4 i32)
  (local $5 i32)
  (local $6 i32)
  (local $7 i32)
  (local $8 i32)
  (local.set $4
   (i32.const 0)
  )
  (block $end0
   (if
    (i32.lt_s
     (local.get $4)
     (i32.const 1)
    )
    (then
     (loop $loop0
      (block $next0
       (block
        (local.set $5
         (i32.add
          (i32.load
           (i32.add
            (local.get $output)
            (i32.shl
             (local.get $4)
             (i32.const 2)
            )
           )
          )
          (i32.mul
           (local.get $first)
           (i32.const 4)
          )
         )
        )
        (local.set $6
         (i32.add
          (local.get $sums)
          (i32.mul
           (local.get $4)
           (i32.const 256)
          )
         )
        )
        (local.set $7
         (i32.const 0)
        )
        (block $end1
         (if
          (i32.lt_s
           (local.get $7)
           (local.get $rows)
          )
          (then
           (loop $loop1
            (block $next1
             (block
              (local.set $8
               (i32.add
                (local.get $5)
                (i32.mul
                 (local.get $7)
                 (i32.const 4)
                )
               )
              )
              (f32.store
               (local.get $8)
               (f32.load
                (i32.add
                 (local.get $6)
                 (i32.mul
                  (local.get $7)
                  (i32.const 4)
                 )
                )
               )
              )
             )
            )
            (local.set $7
             (i32.add
              (local.get $7)
              (i32.const 1)
             )
            )
            (br_if $loop1
             (i32.lt_s
              (local.get $7)
              (local.get $rows)
             )
            )
           )
          )
         )
        )
       )
      )
      (local.set $4
       (i32.add
        (local.get $4)
        (i32.const 1)
       )
      )
      (br_if $loop0
       (i32.lt_s
        (local.get $4)
        (i32.const 1)
       )
      )
     )
    )
   )
  )
 )
 (func $trees (param $input i32) (param $output i32) (param $trees i32) (param $rows i32) (param $scratch i32)
  (local $codes i32)
  (local $sums i32)
  (local $masks i32)
  (local $8 i32)
  (local $9 i32)
  (local $blocks i32)
  (local $11 i32)
  (local $12 i32)
  (local.set $codes
   (i32.and
    (i32.add
     (local.get $scratch)
     (i32.const 15)
    )
    (i32.const -16)
   )
  )
  (local.set $sums
   (i32.add
    (local.get $codes)
    (i32.const 1280)
   )
  )
  (local.set $masks
   (i32.add
    (local.get $sums)
    (i32.const 1024)
   )
  )
  (local.set $8
   (i32.const 0)
  )
  (block $end0
   (if
    (i32.lt_s
     (local.get $8)
     (local.get $rows)
    )
    (then
     (loop $loop0
      (block $next0
       (block
        (local.set $9
         (i32.sub
          (local.get $rows)
          (local.get $8)
         )
        )
        (if
         (i32.gt_s
          (local.get $9)
          (i32.const 256)
         )
         (then
          (local.set $9
           (i32.const 256)
          )
         )
        )
        (local.set $blocks
         (i32.shr_u
          (i32.add
           (local.get $9)
           (i32.const 63)
          )
          (i32.const 6)
         )
        )
        (memory.fill
         (local.get $sums)
         (i32.const 0)
         (i32.mul
          (local.get $blocks)
          (i32.const 256)
         )
        )
        (call $trees_encode
         (local.get $input)
         (local.get $8)
         (local.get $9)
         (local.get $trees)
         (local.get $codes)
        )
        (call $trees_turn
         (local.get $trees)
         (local.get $codes)
         (local.get $blocks)
        )
        (call $trees_masks
         (local.get $trees)
         (local.get $codes)
         (local.get $sums)
         (local.get $masks)
         (local.get $blocks)
        )
        (local.set $11
         (i32.const 0)
        )
        (block $end1
         (if
          (i32.lt_s
           (local.get $11)
           (local.get $blocks)
          )
          (then
           (loop $loop1
            (block $next1
             (block
              (local.set $12
               (i32.sub
                (local.get $9)
                (i32.mul
                 (local.get $11)
                 (i32.const 64)
                )
               )
              )
              (if
               (i32.gt_s
                (local.get $12)
                (i32.const 64)
               )
               (then
                (local.set $12
                 (i32.const 64)
                )
               )
              )
              (call $trees_finish
               (i32.add
                (local.get $sums)
                (i32.mul
                 (local.get $11)
                 (i32.const 256)
                )
               )
               (local.get $output)
               (i32.add
                (local.get $8)
                (i32.mul
                 (local.get $11)
                 (i32.const 64)
                )
               )
               (local.get $12)
              )
             )
            )
            (local.set $11
             (i32.add
              (local.get $11)
              (i32.const 1)
             )
            )
            (br_if $loop1
             (i32.lt_s
              (local.get $11)
              (local.get $blocks)
             )
            )
           )
          )
         )
        )
       )
      )
      (local.set $8
       (i32.add
        (local.get $8)
        (i32.const 256)
       )
      )
      (br_if $loop0
       (i32.lt_s
        (local.get $8)
        (local.get $rows)
       )
      )
     )
    )
   )
  )
 )
)
