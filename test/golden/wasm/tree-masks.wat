(module
 (type $0 (func (param i32 i32 i32 i32 i32)))
 (type $1 (func (param i32 i32 i32)))
 (type $2 (func (param i32 i32 i32 i32 i32 i32 i32)))
 (type $3 (func (param i32 i32 i32 i32) (result i32)))
 (type $4 (func (param i32 i32 i32 i32)))
 (type $5 (func (param i32 i32 i32 i32 i32 i32)))
 (import "env" "memory" (memory $memory 1 65536 shared))
 (import "env" "data_base" (global $data_base i32))
 (data $0 (global.get $data_base) "\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\03\00\00\00\00\00\00\00\07\00\00\00\00\00\00\00\0f\00\00\00\00\00\00\00\1f\00\00\00\00\00\00\00?\00\00\00\00\00\00\00\7f\00\00\00\00\00\00\00\ff\00\00\00\00\00\00\00\ff\01\00\00\00\00\00\00\ff\03\00\00\00\00\00\00\ff\07\00\00\00\00\00\00\ff\0f\00\00\00\00\00\00\ff\1f\00\00\00\00\00\00\ff?\00\00\00\00\00\00\ff\7f\00\00\00\00\00\00\ff\ff\00\00\00\00\00\00\ff\ff\01\00\00\00\00\00\ff\ff\03\00\00\00\00\00\ff\ff\07\00\00\00\00\00\ff\ff\0f\00\00\00\00\00\ff\ff\1f\00\00\00\00\00\ff\ff?\00\00\00\00\00\ff\ff\7f\00\00\00\00\00\ff\ff\ff\00\00\00\00\00\ff\ff\ff\01\00\00\00\00\ff\ff\ff\03\00\00\00\00\ff\ff\ff\07\00\00\00\00\ff\ff\ff\0f\00\00\00\00\ff\ff\ff\1f\00\00\00\00\ff\ff\ff?\00\00\00\00\ff\ff\ff\7f\00\00\00\00\ff\ff\ff\ff\00\00\00\00\ff\ff\ff\ff\01\00\00\00\ff\ff\ff\ff\03\00\00\00\ff\ff\ff\ff\07\00\00\00\ff\ff\ff\ff\0f\00\00\00\ff\ff\ff\ff\1f\00\00\00\ff\ff\ff\ff?\00\00\00\ff\ff\ff\ff\7f\00\00\00\ff\ff\ff\ff\ff\00\00\00\ff\ff\ff\ff\ff\01\00\00\ff\ff\ff\ff\ff\03\00\00\ff\ff\ff\ff\ff\07\00\00\ff\ff\ff\ff\ff\0f\00\00\ff\ff\ff\ff\ff\1f\00\00\ff\ff\ff\ff\ff?\00\00\ff\ff\ff\ff\ff\7f\00\00\ff\ff\ff\ff\ff\ff\00\00\ff\ff\ff\ff\ff\ff\01\00\ff\ff\ff\ff\ff\ff\03\00\ff\ff\ff\ff\ff\ff\07\00\ff\ff\ff\ff\ff\ff\0f\00\ff\ff\ff\ff\ff\ff\1f\00\ff\ff\ff\ff\ff\ff?\00\ff\ff\ff\ff\ff\ff\7f\00\ff\ff\ff\ff\ff\ff\ff\00\ff\ff\ff\ff\ff\ff\ff\01\ff\ff\ff\ff\ff\ff\ff\03\ff\ff\ff\ff\ff\ff\ff\07\ff\ff\ff\ff\ff\ff\ff\0f\ff\ff\ff\ff\ff\ff\ff\1f\ff\ff\ff\ff\ff\ff\ff?\ff\ff\ff\ff\ff\ff\ff\7f\ff\ff\ff\ff\ff\ff\ff\ff\00\00\00\00\00\00\00\00")
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
  (local $16 i32)
  (local $17 v128)
  (local $18 v128)
  (local $least v128)
  (local $least.20 v128)
  (local $least.21 v128)
  (local $least.22 v128)
  (local $greatest v128)
  (local $greatest.24 v128)
  (local $greatest.25 v128)
  (local $greatest.26 v128)
  (local $isNan v128)
  (local $28 i32)
  (local $29 i32)
  (local $30 v128)
  (local $31 i32)
  (local $32 i32)
  (local $33 v128)
  (local $34 i32)
  (local $35 i32)
  (local $36 v128)
  (local $37 i32)
  (local $38 i32)
  (local $39 v128)
  (local $40 v128)
  (local $41 v128)
  (local $42 v128)
  (local $43 v128)
  (local $44 v128)
  (local $45 v128)
  (local $ends v128)
  (local $47 f32)
  (local $48 f32)
  (local $49 v128)
  (local $rank i32)
  (local $rank.51 i32)
  (local $half.52 i32)
  (local $53 i32)
  (local $54 i32)
  (local $55 i32)
  (local $56 i32)
  (local $window i32)
  (local $before v128)
  (local $59 i32)
  (local $60 i32)
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
  (local $73 i32)
  (local $74 i32)
  (local $75 v128)
  (local $76 v128)
  (local $count v128)
  (local $count.78 v128)
  (local $count.79 v128)
  (local $count.80 v128)
  (local $threshold i32)
  (local $82 v128)
  (local $83 v128)
  (local $84 v128)
  (local $85 v128)
  (local $86 v128)
  (local $87 v128)
  (local $88 v128)
  (local $ranks v128)
  (local $block i32)
  (local $column i32)
  (local $92 i32)
  (local $93 i32)
  (local $94 i32)
  (local $95 v128)
  (local $96 i32)
  (local $97 v128)
  (local $98 f32)
  (local $99 f32)
  (local $100 f32)
  (local $101 f32)
  (local $102 f32)
  (local $103 f32)
  (local $104 f32)
  (local $105 f32)
  (local $106 v128)
  (local $107 v128)
  (local $rank.108 i32)
  (local $rank.109 i32)
  (local $rank.110 i32)
  (local $rank.111 i32)
  (local $rank.112 i32)
  (local $rank.113 i32)
  (local $rank.114 i32)
  (local $rank.115 i32)
  (local $half.116 i32)
  (local $117 i32)
  (local $118 i32)
  (local $119 i32)
  (local $120 i32)
  (local $121 i32)
  (local $122 i32)
  (local $123 i32)
  (local $124 i32)
  (local $125 i32)
  (local $126 i32)
  (local $127 i32)
  (local $128 i32)
  (local $129 i32)
  (local $130 i32)
  (local $131 i32)
  (local $132 i32)
  (local $block.133 i32)
  (local $column.134 i32)
  (local $135 i32)
  (local $136 i32)
  (local $column.137 i32)
  (local $above i32)
  (local $below i32)
  (local $140 i32)
  (local $block.141 i32)
  (local $142 i32)
  (local $block.143 i32)
  (local $144 i32)
  (local $145 v128)
  (local $146 v128)
  (local $147 i32)
  (local $148 i32)
  (local $149 v128)
  (local $150 v128)
  (local $151 i32)
  (local $152 i32)
  (local $153 v128)
  (local $154 v128)
  (local $155 i32)
  (local $156 i32)
  (local $157 v128)
  (local $158 v128)
  (local $159 v128)
  (local $160 v128)
  (local $161 v128)
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
        (local.set $16
         (i32.add
          (local.get $values)
          (i32.mul
           (i32.const 0)
           (i32.const 4)
          )
         )
        )
        (local.set $17
         (v128.load
          (local.get $16)
         )
        )
        (local.set $18
         (local.get $17)
        )
        (local.set $least
         (local.get $18)
        )
        (local.set $least.20
         (local.get $18)
        )
        (local.set $least.21
         (local.get $18)
        )
        (local.set $least.22
         (local.get $18)
        )
        (local.set $greatest
         (local.get $18)
        )
        (local.set $greatest.24
         (local.get $18)
        )
        (local.set $greatest.25
         (local.get $18)
        )
        (local.set $greatest.26
         (local.get $18)
        )
        (local.set $isNan
         (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
        )
        (local.set $28
         (i32.const 0)
        )
        (block $end1
         (if
          (i32.lt_s
           (local.get $28)
           (local.get $rows)
          )
          (then
           (loop $loop1
            (block $next1
             (block
              (local.set $29
               (i32.add
                (local.get $values)
                (i32.mul
                 (local.get $28)
                 (i32.const 4)
                )
               )
              )
              (local.set $30
               (v128.load
                (local.get $29)
               )
              )
              (local.set $least
               (f32x4.pmin
                (local.get $least)
                (local.get $30)
               )
              )
              (local.set $greatest
               (f32x4.pmax
                (local.get $greatest)
                (local.get $30)
               )
              )
              (local.set $isNan
               (v128.or
                (local.get $isNan)
                (f32x4.ne
                 (local.get $30)
                 (local.get $30)
                )
               )
              )
              (local.set $31
               (select
                (i32.add
                 (local.get $28)
                 (i32.const 4)
                )
                (local.get $28)
                (i32.lt_s
                 (i32.add
                  (local.get $28)
                  (i32.const 4)
                 )
                 (local.get $rows)
                )
               )
              )
              (local.set $32
               (i32.add
                (local.get $values)
                (i32.mul
                 (local.get $31)
                 (i32.const 4)
                )
               )
              )
              (local.set $33
               (v128.load
                (local.get $32)
               )
              )
              (local.set $least.20
               (f32x4.pmin
                (local.get $least.20)
                (local.get $33)
               )
              )
              (local.set $greatest.24
               (f32x4.pmax
                (local.get $greatest.24)
                (local.get $33)
               )
              )
              (local.set $isNan
               (v128.or
                (local.get $isNan)
                (f32x4.ne
                 (local.get $33)
                 (local.get $33)
                )
               )
              )
              (local.set $34
               (select
                (i32.add
                 (local.get $28)
                 (i32.const 8)
                )
                (local.get $28)
                (i32.lt_s
                 (i32.add
                  (local.get $28)
                  (i32.const 8)
                 )
                 (local.get $rows)
                )
               )
              )
              (local.set $35
               (i32.add
                (local.get $values)
                (i32.mul
                 (local.get $34)
                 (i32.const 4)
                )
               )
              )
              (local.set $36
               (v128.load
                (local.get $35)
               )
              )
              (local.set $least.21
               (f32x4.pmin
                (local.get $least.21)
                (local.get $36)
               )
              )
              (local.set $greatest.25
               (f32x4.pmax
                (local.get $greatest.25)
                (local.get $36)
               )
              )
              (local.set $isNan
               (v128.or
                (local.get $isNan)
                (f32x4.ne
                 (local.get $36)
                 (local.get $36)
                )
               )
              )
              (local.set $37
               (select
                (i32.add
                 (local.get $28)
                 (i32.const 12)
                )
                (local.get $28)
                (i32.lt_s
                 (i32.add
                  (local.get $28)
                  (i32.const 12)
                 )
                 (local.get $rows)
                )
               )
              )
              (local.set $38
               (i32.add
                (local.get $values)
                (i32.mul
                 (local.get $37)
                 (i32.const 4)
                )
               )
              )
              (local.set $39
               (v128.load
                (local.get $38)
               )
              )
              (local.set $least.22
               (f32x4.pmin
                (local.get $least.22)
                (local.get $39)
               )
              )
              (local.set $greatest.26
               (f32x4.pmax
                (local.get $greatest.26)
                (local.get $39)
               )
              )
              (local.set $isNan
               (v128.or
                (local.get $isNan)
                (f32x4.ne
                 (local.get $39)
                 (local.get $39)
                )
               )
              )
             )
            )
            (local.set $28
             (i32.add
              (local.get $28)
              (i32.const 16)
             )
            )
            (br_if $loop1
             (i32.lt_s
              (local.get $28)
              (local.get $rows)
             )
            )
           )
          )
         )
        )
        (local.set $40
         (f32x4.pmin
          (f32x4.pmin
           (f32x4.pmin
            (local.get $least)
            (local.get $least.20)
           )
           (local.get $least.21)
          )
          (local.get $least.22)
         )
        )
        (local.set $41
         (f32x4.pmin
          (local.get $40)
          (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7
           (local.get $40)
           (local.get $40)
          )
         )
        )
        (local.set $42
         (f32x4.pmin
          (local.get $41)
          (i8x16.shuffle 4 5 6 7 8 9 10 11 12 13 14 15 0 1 2 3
           (local.get $41)
           (local.get $41)
          )
         )
        )
        (local.set $43
         (f32x4.pmax
          (f32x4.pmax
           (f32x4.pmax
            (local.get $greatest)
            (local.get $greatest.24)
           )
           (local.get $greatest.25)
          )
          (local.get $greatest.26)
         )
        )
        (local.set $44
         (f32x4.pmax
          (local.get $43)
          (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7
           (local.get $43)
           (local.get $43)
          )
         )
        )
        (local.set $45
         (f32x4.pmax
          (local.get $44)
          (i8x16.shuffle 4 5 6 7 8 9 10 11 12 13 14 15 0 1 2 3
           (local.get $44)
           (local.get $44)
          )
         )
        )
        (local.set $ends
         (i8x16.shuffle 0 1 2 3 20 21 22 23 24 25 26 27 28 29 30 31
          (local.get $42)
          (local.get $45)
         )
        )
        (local.set $47
         (f32x4.extract_lane 0
          (local.get $ends)
         )
        )
        (local.set $48
         (f32x4.extract_lane 1
          (local.get $ends)
         )
        )
        (local.set $49
         (i32x4.trunc_sat_f32x4_s
          (f32x4.pmax
           (f32x4.pmin
            (f32x4.mul
             (f32x4.sub
              (local.get $ends)
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
              (local.get $49)
             )
             (i32.const 2)
            )
           )
          )
         )
        )
        (local.set $rank.51
         (i32.add
          (local.get $start)
          (i32.load
           (i32.add
            (local.get $buckets)
            (i32.shl
             (i32x4.extract_lane 1
              (local.get $49)
             )
             (i32.const 2)
            )
           )
          )
         )
        )
        (local.set $half.52
         (local.get $half)
        )
        (block $end2
         (loop $loop2
          (br_if $end2
           (i32.eqz
            (i32.ne
             (local.get $half.52)
             (i32.const 0)
            )
           )
          )
          (local.set $53
           (i32.add
            (local.get $rank)
            (local.get $half.52)
           )
          )
          (local.set $rank
           (select
            (local.get $53)
            (local.get $rank)
            (f32.gt
             (local.get $47)
             (f32.load
              (local.get $53)
             )
            )
           )
          )
          (local.set $54
           (i32.add
            (local.get $rank.51)
            (local.get $half.52)
           )
          )
          (local.set $rank.51
           (select
            (local.get $54)
            (local.get $rank.51)
            (f32.gt
             (local.get $48)
             (f32.load
              (local.get $54)
             )
            )
           )
          )
          (local.set $half.52
           (i32.and
            (i32.shr_u
             (local.get $half.52)
             (i32.const 1)
            )
            (i32.const -4)
           )
          )
          (br $loop2)
         )
        )
        (local.set $55
         (i32.shr_u
          (i32.sub
           (local.get $rank)
           (local.get $start)
          )
          (i32.const 2)
         )
        )
        (local.set $56
         (i32.shr_u
          (i32.sub
           (local.get $rank.51)
           (local.get $start)
          )
          (i32.const 2)
         )
        )
        (if
         (i32.and
          (i32.eqz
           (v128.any_true
            (local.get $isNan)
           )
          )
          (i32.lt_s
           (i32.sub
            (local.get $56)
            (local.get $55)
           )
           (i32.const 16)
          )
         )
         (then
          (local.set $window
           (select
            (local.get $55)
            (i32.and
             (local.get $56)
             (i32.const -16)
            )
            (i32.lt_s
             (local.get $55)
             (i32.and
              (local.get $56)
              (i32.const -16)
             )
            )
           )
          )
          (local.set $before
           (i32x4.splat
            (i32.sub
             (local.get $55)
             (local.get $window)
            )
           )
          )
          (local.set $59
           (i32.add
            (local.get $start)
            (i32.shl
             (local.get $55)
             (i32.const 2)
            )
           )
          )
          (local.set $60
           (i32.add
            (local.get $start)
            (i32.shl
             (local.get $56)
             (i32.const 2)
            )
           )
          )
          (local.set $61
           (i32.const 0)
          )
          (block $end3
           (if
            (i32.lt_s
             (local.get $61)
             (local.get $rows)
            )
            (then
             (loop $loop3
              (block $next3
               (block
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
                 (local.get $63)
                )
                (local.set $65
                 (select
                  (i32.add
                   (local.get $61)
                   (i32.const 4)
                  )
                  (local.get $61)
                  (i32.lt_s
                   (i32.add
                    (local.get $61)
                    (i32.const 4)
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
                 (local.get $67)
                )
                (local.set $69
                 (select
                  (i32.add
                   (local.get $61)
                   (i32.const 8)
                  )
                  (local.get $61)
                  (i32.lt_s
                   (i32.add
                    (local.get $61)
                    (i32.const 8)
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
                 (local.get $71)
                )
                (local.set $73
                 (select
                  (i32.add
                   (local.get $61)
                   (i32.const 12)
                  )
                  (local.get $61)
                  (i32.lt_s
                   (i32.add
                    (local.get $61)
                    (i32.const 12)
                   )
                   (local.get $rows)
                  )
                 )
                )
                (local.set $74
                 (i32.add
                  (local.get $values)
                  (i32.mul
                   (local.get $73)
                   (i32.const 4)
                  )
                 )
                )
                (local.set $75
                 (v128.load
                  (local.get $74)
                 )
                )
                (local.set $76
                 (local.get $75)
                )
                (local.set $count
                 (local.get $before)
                )
                (local.set $count.78
                 (local.get $before)
                )
                (local.set $count.79
                 (local.get $before)
                )
                (local.set $count.80
                 (local.get $before)
                )
                (local.set $threshold
                 (local.get $59)
                )
                (block $end4
                 (loop $loop4
                  (br_if $end4
                   (i32.eqz
                    (i32.lt_u
                     (local.get $threshold)
                     (local.get $60)
                    )
                   )
                  )
                  (local.set $threshold
                   (i32.add
                    (local.get $threshold)
                    (i32.const 4)
                   )
                  )
                  (local.set $82
                   (v128.load32_splat
                    (local.get $threshold)
                   )
                  )
                  (local.set $83
                   (f32x4.gt
                    (local.get $64)
                    (local.get $82)
                   )
                  )
                  (local.set $count
                   (i32x4.sub
                    (local.get $count)
                    (local.get $83)
                   )
                  )
                  (local.set $84
                   (f32x4.gt
                    (local.get $68)
                    (local.get $82)
                   )
                  )
                  (local.set $count.78
                   (i32x4.sub
                    (local.get $count.78)
                    (local.get $84)
                   )
                  )
                  (local.set $85
                   (f32x4.gt
                    (local.get $72)
                    (local.get $82)
                   )
                  )
                  (local.set $count.79
                   (i32x4.sub
                    (local.get $count.79)
                    (local.get $85)
                   )
                  )
                  (local.set $86
                   (f32x4.gt
                    (local.get $76)
                    (local.get $82)
                   )
                  )
                  (local.set $count.80
                   (i32x4.sub
                    (local.get $count.80)
                    (local.get $86)
                   )
                  )
                  (br $loop4)
                 )
                )
                (local.set $87
                 (i16x8.narrow_i32x4_s
                  (local.get $count)
                  (local.get $count.78)
                 )
                )
                (local.set $88
                 (i16x8.narrow_i32x4_s
                  (local.get $count.79)
                  (local.get $count.80)
                 )
                )
                (local.set $ranks
                 (i8x16.narrow_i16x8_s
                  (local.get $87)
                  (local.get $88)
                 )
                )
                (local.set $block
                 (i32.add
                  (i32.add
                   (local.get $codes)
                   (i32.mul
                    (i32.shr_u
                     (local.get $61)
                     (i32.const 6)
                    )
                    (i32.const 320)
                   )
                  )
                  (i32.and
                   (local.get $61)
                   (i32.const 63)
                  )
                 )
                )
                (local.set $column
                 (local.get $columns)
                )
                (block $end5
                 (loop $loop5
                  (br_if $end5
                   (i32.eqz
                    (i32.lt_u
                     (local.get $column)
                     (local.get $15)
                    )
                   )
                  )
                  (v128.store
                   (i32.add
                    (local.get $block)
                    (i32.load
                     (local.get $column)
                    )
                   )
                   (i8x16.swizzle
                    (v128.load
                     (i32.add
                      (i32.add
                       (local.get $trees)
                       (i32.load offset=4
                        (local.get $column)
                       )
                      )
                      (local.get $window)
                     )
                    )
                    (local.get $ranks)
                   )
                  )
                  (local.set $column
                   (i32.add
                    (local.get $column)
                    (i32.const 16)
                   )
                  )
                  (br $loop5)
                 )
                )
               )
              )
              (local.set $61
               (i32.add
                (local.get $61)
                (i32.const 16)
               )
              )
              (br_if $loop3
               (i32.lt_s
                (local.get $61)
                (local.get $rows)
               )
              )
             )
            )
           )
          )
         )
         (else
          (local.set $92
           (i32.const 0)
          )
          (block $end6
           (if
            (i32.lt_s
             (local.get $92)
             (local.get $rows)
            )
            (then
             (loop $loop6
              (block $next6
               (block
                (local.set $93
                 (select
                  (i32.add
                   (local.get $92)
                   (i32.const 4)
                  )
                  (local.get $92)
                  (i32.lt_s
                   (i32.add
                    (local.get $92)
                    (i32.const 4)
                   )
                   (local.get $rows)
                  )
                 )
                )
                (local.set $94
                 (i32.add
                  (local.get $values)
                  (i32.mul
                   (local.get $92)
                   (i32.const 4)
                  )
                 )
                )
                (local.set $95
                 (v128.load
                  (local.get $94)
                 )
                )
                (local.set $96
                 (i32.add
                  (local.get $values)
                  (i32.mul
                   (local.get $93)
                   (i32.const 4)
                  )
                 )
                )
                (local.set $97
                 (v128.load
                  (local.get $96)
                 )
                )
                (local.set $98
                 (f32x4.extract_lane 0
                  (local.get $95)
                 )
                )
                (local.set $99
                 (f32x4.extract_lane 1
                  (local.get $95)
                 )
                )
                (local.set $100
                 (f32x4.extract_lane 2
                  (local.get $95)
                 )
                )
                (local.set $101
                 (f32x4.extract_lane 3
                  (local.get $95)
                 )
                )
                (local.set $102
                 (f32x4.extract_lane 0
                  (local.get $97)
                 )
                )
                (local.set $103
                 (f32x4.extract_lane 1
                  (local.get $97)
                 )
                )
                (local.set $104
                 (f32x4.extract_lane 2
                  (local.get $97)
                 )
                )
                (local.set $105
                 (f32x4.extract_lane 3
                  (local.get $97)
                 )
                )
                (local.set $106
                 (i32x4.trunc_sat_f32x4_s
                  (f32x4.pmax
                   (f32x4.pmin
                    (f32x4.mul
                     (f32x4.sub
                      (local.get $95)
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
                (local.set $107
                 (i32x4.trunc_sat_f32x4_s
                  (f32x4.pmax
                   (f32x4.pmin
                    (f32x4.mul
                     (f32x4.sub
                      (local.get $97)
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
                (local.set $rank.108
                 (i32.add
                  (local.get $start)
                  (i32.load
                   (i32.add
                    (local.get $buckets)
                    (i32.shl
                     (i32x4.extract_lane 0
                      (local.get $106)
                     )
                     (i32.const 2)
                    )
                   )
                  )
                 )
                )
                (local.set $rank.109
                 (i32.add
                  (local.get $start)
                  (i32.load
                   (i32.add
                    (local.get $buckets)
                    (i32.shl
                     (i32x4.extract_lane 1
                      (local.get $106)
                     )
                     (i32.const 2)
                    )
                   )
                  )
                 )
                )
                (local.set $rank.110
                 (i32.add
                  (local.get $start)
                  (i32.load
                   (i32.add
                    (local.get $buckets)
                    (i32.shl
                     (i32x4.extract_lane 2
                      (local.get $106)
                     )
                     (i32.const 2)
                    )
                   )
                  )
                 )
                )
                (local.set $rank.111
                 (i32.add
                  (local.get $start)
                  (i32.load
                   (i32.add
                    (local.get $buckets)
                    (i32.shl
                     (i32x4.extract_lane 3
                      (local.get $106)
                     )
                     (i32.const 2)
                    )
                   )
                  )
                 )
                )
                (local.set $rank.112
                 (i32.add
                  (local.get $start)
                  (i32.load
                   (i32.add
                    (local.get $buckets)
                    (i32.shl
                     (i32x4.extract_lane 0
                      (local.get $107)
                     )
                     (i32.const 2)
                    )
                   )
                  )
                 )
                )
                (local.set $rank.113
                 (i32.add
                  (local.get $start)
                  (i32.load
                   (i32.add
                    (local.get $buckets)
                    (i32.shl
                     (i32x4.extract_lane 1
                      (local.get $107)
                     )
                     (i32.const 2)
                    )
                   )
                  )
                 )
                )
                (local.set $rank.114
                 (i32.add
                  (local.get $start)
                  (i32.load
                   (i32.add
                    (local.get $buckets)
                    (i32.shl
                     (i32x4.extract_lane 2
                      (local.get $107)
                     )
                     (i32.const 2)
                    )
                   )
                  )
                 )
                )
                (local.set $rank.115
                 (i32.add
                  (local.get $start)
                  (i32.load
                   (i32.add
                    (local.get $buckets)
                    (i32.shl
                     (i32x4.extract_lane 3
                      (local.get $107)
                     )
                     (i32.const 2)
                    )
                   )
                  )
                 )
                )
                (local.set $half.116
                 (local.get $half)
                )
                (block $end7
                 (loop $loop7
                  (br_if $end7
                   (i32.eqz
                    (i32.ne
                     (local.get $half.116)
                     (i32.const 0)
                    )
                   )
                  )
                  (local.set $117
                   (i32.add
                    (local.get $rank.108)
                    (local.get $half.116)
                   )
                  )
                  (local.set $rank.108
                   (select
                    (local.get $117)
                    (local.get $rank.108)
                    (f32.gt
                     (local.get $98)
                     (f32.load
                      (local.get $117)
                     )
                    )
                   )
                  )
                  (local.set $118
                   (i32.add
                    (local.get $rank.109)
                    (local.get $half.116)
                   )
                  )
                  (local.set $rank.109
                   (select
                    (local.get $118)
                    (local.get $rank.109)
                    (f32.gt
                     (local.get $99)
                     (f32.load
                      (local.get $118)
                     )
                    )
                   )
                  )
                  (local.set $119
                   (i32.add
                    (local.get $rank.110)
                    (local.get $half.116)
                   )
                  )
                  (local.set $rank.110
                   (select
                    (local.get $119)
                    (local.get $rank.110)
                    (f32.gt
                     (local.get $100)
                     (f32.load
                      (local.get $119)
                     )
                    )
                   )
                  )
                  (local.set $120
                   (i32.add
                    (local.get $rank.111)
                    (local.get $half.116)
                   )
                  )
                  (local.set $rank.111
                   (select
                    (local.get $120)
                    (local.get $rank.111)
                    (f32.gt
                     (local.get $101)
                     (f32.load
                      (local.get $120)
                     )
                    )
                   )
                  )
                  (local.set $121
                   (i32.add
                    (local.get $rank.112)
                    (local.get $half.116)
                   )
                  )
                  (local.set $rank.112
                   (select
                    (local.get $121)
                    (local.get $rank.112)
                    (f32.gt
                     (local.get $102)
                     (f32.load
                      (local.get $121)
                     )
                    )
                   )
                  )
                  (local.set $122
                   (i32.add
                    (local.get $rank.113)
                    (local.get $half.116)
                   )
                  )
                  (local.set $rank.113
                   (select
                    (local.get $122)
                    (local.get $rank.113)
                    (f32.gt
                     (local.get $103)
                     (f32.load
                      (local.get $122)
                     )
                    )
                   )
                  )
                  (local.set $123
                   (i32.add
                    (local.get $rank.114)
                    (local.get $half.116)
                   )
                  )
                  (local.set $rank.114
                   (select
                    (local.get $123)
                    (local.get $rank.114)
                    (f32.gt
                     (local.get $104)
                     (f32.load
                      (local.get $123)
                     )
                    )
                   )
                  )
                  (local.set $124
                   (i32.add
                    (local.get $rank.115)
                    (local.get $half.116)
                   )
                  )
                  (local.set $rank.115
                   (select
                    (local.get $124)
                    (local.get $rank.115)
                    (f32.gt
                     (local.get $105)
                     (f32.load
                      (local.get $124)
                     )
                    )
                   )
                  )
                  (local.set $half.116
                   (i32.and
                    (i32.shr_u
                     (local.get $half.116)
                     (i32.const 1)
                    )
                    (i32.const -4)
                   )
                  )
                  (br $loop7)
                 )
                )
                (local.set $125
                 (i32.shr_u
                  (i32.sub
                   (local.get $rank.108)
                   (local.get $start)
                  )
                  (i32.const 2)
                 )
                )
                (local.set $126
                 (i32.shr_u
                  (i32.sub
                   (local.get $rank.109)
                   (local.get $start)
                  )
                  (i32.const 2)
                 )
                )
                (local.set $127
                 (i32.shr_u
                  (i32.sub
                   (local.get $rank.110)
                   (local.get $start)
                  )
                  (i32.const 2)
                 )
                )
                (local.set $128
                 (i32.shr_u
                  (i32.sub
                   (local.get $rank.111)
                   (local.get $start)
                  )
                  (i32.const 2)
                 )
                )
                (local.set $129
                 (i32.shr_u
                  (i32.sub
                   (local.get $rank.112)
                   (local.get $start)
                  )
                  (i32.const 2)
                 )
                )
                (local.set $130
                 (i32.shr_u
                  (i32.sub
                   (local.get $rank.113)
                   (local.get $start)
                  )
                  (i32.const 2)
                 )
                )
                (local.set $131
                 (i32.shr_u
                  (i32.sub
                   (local.get $rank.114)
                   (local.get $start)
                  )
                  (i32.const 2)
                 )
                )
                (local.set $132
                 (i32.shr_u
                  (i32.sub
                   (local.get $rank.115)
                   (local.get $start)
                  )
                  (i32.const 2)
                 )
                )
                (local.set $block.133
                 (i32.add
                  (i32.add
                   (local.get $codes)
                   (i32.mul
                    (i32.shr_u
                     (local.get $92)
                     (i32.const 6)
                    )
                    (i32.const 320)
                   )
                  )
                  (i32.and
                   (local.get $92)
                   (i32.const 63)
                  )
                 )
                )
                (local.set $column.134
                 (local.get $columns)
                )
                (block $end8
                 (loop $loop8
                  (br_if $end8
                   (i32.eqz
                    (i32.lt_u
                     (local.get $column.134)
                     (local.get $15)
                    )
                   )
                  )
                  (local.set $135
                   (i32.add
                    (local.get $trees)
                    (i32.load offset=4
                     (local.get $column.134)
                    )
                   )
                  )
                  (local.set $136
                   (i32.add
                    (local.get $block.133)
                    (i32.load
                     (local.get $column.134)
                    )
                   )
                  )
                  (i32.store8
                   (local.get $136)
                   (i32.load8_u
                    (i32.add
                     (local.get $135)
                     (local.get $125)
                    )
                   )
                  )
                  (i32.store8 offset=1
                   (local.get $136)
                   (i32.load8_u
                    (i32.add
                     (local.get $135)
                     (local.get $126)
                    )
                   )
                  )
                  (i32.store8 offset=2
                   (local.get $136)
                   (i32.load8_u
                    (i32.add
                     (local.get $135)
                     (local.get $127)
                    )
                   )
                  )
                  (i32.store8 offset=3
                   (local.get $136)
                   (i32.load8_u
                    (i32.add
                     (local.get $135)
                     (local.get $128)
                    )
                   )
                  )
                  (i32.store8 offset=4
                   (local.get $136)
                   (i32.load8_u
                    (i32.add
                     (local.get $135)
                     (local.get $129)
                    )
                   )
                  )
                  (i32.store8 offset=5
                   (local.get $136)
                   (i32.load8_u
                    (i32.add
                     (local.get $135)
                     (local.get $130)
                    )
                   )
                  )
                  (i32.store8 offset=6
                   (local.get $136)
                   (i32.load8_u
                    (i32.add
                     (local.get $135)
                     (local.get $131)
                    )
                   )
                  )
                  (i32.store8 offset=7
                   (local.get $136)
                   (i32.load8_u
                    (i32.add
                     (local.get $135)
                     (local.get $132)
                    )
                   )
                  )
                  (local.set $column.134
                   (i32.add
                    (local.get $column.134)
                    (i32.const 16)
                   )
                  )
                  (br $loop8)
                 )
                )
               )
              )
              (local.set $92
               (i32.add
                (local.get $92)
                (i32.const 8)
               )
              )
              (br_if $loop6
               (i32.lt_s
                (local.get $92)
                (local.get $rows)
               )
              )
             )
            )
           )
          )
         )
        )
        (local.set $column.137
         (local.get $columns)
        )
        (block $end9
         (loop $loop9
          (br_if $end9
           (i32.eqz
            (i32.lt_u
             (local.get $column.137)
             (local.get $15)
            )
           )
          )
          (local.set $above
           (i32.load offset=8
            (local.get $column.137)
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
              (local.get $column.137)
             )
            )
            (if
             (i32.eqz
              (v128.any_true
               (local.get $isNan)
              )
             )
             (then
              (local.set $140
               (i32.const 0)
              )
              (block $end10
               (if
                (i32.lt_s
                 (local.get $140)
                 (local.get $rows)
                )
                (then
                 (loop $loop10
                  (block $next10
                   (block
                    (local.set $block.141
                     (i32.add
                      (i32.add
                       (local.get $codes)
                       (i32.mul
                        (i32.shr_u
                         (local.get $140)
                         (i32.const 6)
                        )
                        (i32.const 320)
                       )
                      )
                      (i32.and
                       (local.get $140)
                       (i32.const 63)
                      )
                     )
                    )
                    (v128.store
                     (i32.add
                      (local.get $block.141)
                      (local.get $above)
                     )
                     (v128.load
                      (i32.add
                       (local.get $block.141)
                       (local.get $below)
                      )
                     )
                    )
                   )
                  )
                  (local.set $140
                   (i32.add
                    (local.get $140)
                    (i32.const 16)
                   )
                  )
                  (br_if $loop10
                   (i32.lt_s
                    (local.get $140)
                    (local.get $rows)
                   )
                  )
                 )
                )
               )
              )
             )
             (else
              (local.set $142
               (i32.const 0)
              )
              (block $end11
               (if
                (i32.lt_s
                 (local.get $142)
                 (local.get $rows)
                )
                (then
                 (loop $loop11
                  (block $next11
                   (block
                    (local.set $block.143
                     (i32.add
                      (i32.add
                       (local.get $codes)
                       (i32.mul
                        (i32.shr_u
                         (local.get $142)
                         (i32.const 6)
                        )
                        (i32.const 320)
                       )
                      )
                      (i32.and
                       (local.get $142)
                       (i32.const 63)
                      )
                     )
                    )
                    (local.set $144
                     (i32.add
                      (local.get $values)
                      (i32.mul
                       (local.get $142)
                       (i32.const 4)
                      )
                     )
                    )
                    (local.set $145
                     (v128.load
                      (local.get $144)
                     )
                    )
                    (local.set $146
                     (f32x4.ne
                      (local.get $145)
                      (local.get $145)
                     )
                    )
                    (local.set $147
                     (select
                      (i32.add
                       (local.get $142)
                       (i32.const 4)
                      )
                      (local.get $142)
                      (i32.lt_s
                       (i32.add
                        (local.get $142)
                        (i32.const 4)
                       )
                       (local.get $rows)
                      )
                     )
                    )
                    (local.set $148
                     (i32.add
                      (local.get $values)
                      (i32.mul
                       (local.get $147)
                       (i32.const 4)
                      )
                     )
                    )
                    (local.set $149
                     (v128.load
                      (local.get $148)
                     )
                    )
                    (local.set $150
                     (f32x4.ne
                      (local.get $149)
                      (local.get $149)
                     )
                    )
                    (local.set $151
                     (select
                      (i32.add
                       (local.get $142)
                       (i32.const 8)
                      )
                      (local.get $142)
                      (i32.lt_s
                       (i32.add
                        (local.get $142)
                        (i32.const 8)
                       )
                       (local.get $rows)
                      )
                     )
                    )
                    (local.set $152
                     (i32.add
                      (local.get $values)
                      (i32.mul
                       (local.get $151)
                       (i32.const 4)
                      )
                     )
                    )
                    (local.set $153
                     (v128.load
                      (local.get $152)
                     )
                    )
                    (local.set $154
                     (f32x4.ne
                      (local.get $153)
                      (local.get $153)
                     )
                    )
                    (local.set $155
                     (select
                      (i32.add
                       (local.get $142)
                       (i32.const 12)
                      )
                      (local.get $142)
                      (i32.lt_s
                       (i32.add
                        (local.get $142)
                        (i32.const 12)
                       )
                       (local.get $rows)
                      )
                     )
                    )
                    (local.set $156
                     (i32.add
                      (local.get $values)
                      (i32.mul
                       (local.get $155)
                       (i32.const 4)
                      )
                     )
                    )
                    (local.set $157
                     (v128.load
                      (local.get $156)
                     )
                    )
                    (local.set $158
                     (f32x4.ne
                      (local.get $157)
                      (local.get $157)
                     )
                    )
                    (local.set $159
                     (i16x8.narrow_i32x4_s
                      (local.get $146)
                      (local.get $150)
                     )
                    )
                    (local.set $160
                     (i16x8.narrow_i32x4_s
                      (local.get $154)
                      (local.get $158)
                     )
                    )
                    (local.set $161
                     (i8x16.narrow_i16x8_s
                      (local.get $159)
                      (local.get $160)
                     )
                    )
                    (v128.store
                     (i32.add
                      (local.get $block.143)
                      (local.get $above)
                     )
                     (v128.bitselect
                      (i8x16.splat
                       (i32.const 127)
                      )
                      (v128.load
                       (i32.add
                        (local.get $block.143)
                        (local.get $below)
                       )
                      )
                      (local.get $161)
                     )
                    )
                   )
                  )
                  (local.set $142
                   (i32.add
                    (local.get $142)
                    (i32.const 16)
                   )
                  )
                  (br_if $loop11
                   (i32.lt_s
                    (local.get $142)
                    (local.get $rows)
                   )
                  )
                 )
                )
               )
              )
             )
            )
           )
          )
          (local.set $column.137
           (i32.add
            (local.get $column.137)
            (i32.const 16)
           )
          )
          (br $loop9)
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
 (func $trees_masks (param $order i32) (param $end i32) (param $entries i32) (param $leaves i32) (param $live i32) (param $liveEnd i32) (param $masks i32)
  (local $header i32)
  (local $entry i32)
  (local $first i32)
  (local $weights i32)
  (local $tree i32)
  (local $maskBytes i32)
  (local $target i32)
  (local $block i32)
  (local $code i32)
  (local $sum i32)
  (local $mask v128)
  (local $mask.18 v128)
  (local $mask.19 v128)
  (local $mask.20 v128)
  (local $left i32)
  (local $22 i32)
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
  (local $73 v128)
  (local $74 v128)
  (local $75 v128)
  (local $76 v128)
  (local.set $tree
   (local.get $order)
  )
  (block $end0
   (loop $loop0
    (br_if $end0
     (i32.eqz
      (i32.lt_u
       (local.get $tree)
       (local.get $end)
      )
     )
    )
    (local.set $header
     (i32.load
      (local.get $tree)
     )
    )
    (local.set $first
     (i32.add
      (local.get $entries)
      (i32.load offset=16
       (local.get $header)
      )
     )
    )
    (local.set $weights
     (i32.add
      (local.get $leaves)
      (i32.load offset=20
       (local.get $header)
      )
     )
    )
    (local.set $maskBytes
     (i32.load8_u offset=12
      (local.get $header)
     )
    )
    (local.set $target
     (i32.mul
      (i32.load
       (local.get $header)
      )
      (i32.const 256)
     )
    )
    (local.set $block
     (local.get $live)
    )
    (block $end1
     (loop $loop1
      (br_if $end1
       (i32.eqz
        (i32.lt_u
         (local.get $block)
         (local.get $liveEnd)
        )
       )
      )
      (local.set $code
       (i32.load
        (local.get $block)
       )
      )
      (local.set $sum
       (i32.add
        (i32.load offset=4
         (local.get $block)
        )
        (local.get $target)
       )
      )
      (local.set $entry
       (local.get $first)
      )
      (local.set $mask
       (v128.const i32x4 0xffffffff 0xffffffff 0xffffffff 0xffffffff)
      )
      (local.set $mask.18
       (v128.const i32x4 0xffffffff 0xffffffff 0xffffffff 0xffffffff)
      )
      (local.set $mask.19
       (v128.const i32x4 0xffffffff 0xffffffff 0xffffffff 0xffffffff)
      )
      (local.set $mask.20
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
        (local.set $22
         (i32.add
          (local.get $code)
          (i32.load16_u
           (local.get $entry)
          )
         )
        )
        (local.set $23
         (v128.load8_splat offset=2
          (local.get $entry)
         )
        )
        (local.set $24
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
             (local.get $22)
            )
            (local.get $23)
           )
           (local.get $24)
          )
         )
        )
        (local.set $mask.18
         (v128.andnot
          (local.get $mask.18)
          (v128.and
           (i8x16.gt_s
            (v128.load offset=16
             (local.get $22)
            )
            (local.get $23)
           )
           (local.get $24)
          )
         )
        )
        (local.set $mask.19
         (v128.andnot
          (local.get $mask.19)
          (v128.and
           (i8x16.gt_s
            (v128.load offset=32
             (local.get $22)
            )
            (local.get $23)
           )
           (local.get $24)
          )
         )
        )
        (local.set $mask.20
         (v128.andnot
          (local.get $mask.20)
          (v128.and
           (i8x16.gt_s
            (v128.load offset=48
             (local.get $22)
            )
            (local.get $23)
           )
           (local.get $24)
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
       (local.get $mask.18)
      )
      (v128.store offset=32
       (local.get $masks)
       (local.get $mask.19)
      )
      (v128.store offset=48
       (local.get $masks)
       (local.get $mask.20)
      )
      (local.set $25
       (v128.load
        (local.get $masks)
       )
      )
      (local.set $26
       (local.get $25)
      )
      (local.set $27
       (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
      )
      (local.set $28
       (v128.and
        (local.get $26)
        (i8x16.sub
         (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
         (local.get $26)
        )
       )
      )
      (local.set $29
       (i8x16.sub
        (i8x16.min_u
         (i8x16.swizzle
          (v128.const i32x4 0xff0100ff 0xffffff02 0xffffff03 0xffffffff)
          (v128.and
           (local.get $28)
           (i8x16.splat
            (i32.const 15)
           )
          )
         )
         (i8x16.swizzle
          (v128.const i32x4 0xff0504ff 0xffffff06 0xffffff07 0xffffffff)
          (i8x16.shr_u
           (local.get $28)
           (i32.const 4)
          )
         )
        )
        (local.get $27)
       )
      )
      (local.set $30
       (i8x16.swizzle
        (v128.load
         (local.get $weights)
        )
        (local.get $29)
       )
      )
      (local.set $31
       (i8x16.swizzle
        (v128.load offset=8
         (local.get $weights)
        )
        (local.get $29)
       )
      )
      (local.set $32
       (i8x16.swizzle
        (v128.load offset=16
         (local.get $weights)
        )
        (local.get $29)
       )
      )
      (local.set $33
       (i8x16.swizzle
        (v128.load offset=24
         (local.get $weights)
        )
        (local.get $29)
       )
      )
      (local.set $34
       (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
        (local.get $30)
        (local.get $31)
       )
      )
      (local.set $35
       (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
        (local.get $32)
        (local.get $33)
       )
      )
      (local.set $36
       (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
        (local.get $30)
        (local.get $31)
       )
      )
      (local.set $37
       (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
        (local.get $32)
        (local.get $33)
       )
      )
      (v128.store
       (local.get $sum)
       (f32x4.add
        (v128.load
         (local.get $sum)
        )
        (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23
         (local.get $34)
         (local.get $35)
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
         (local.get $34)
         (local.get $35)
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
         (local.get $36)
         (local.get $37)
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
         (local.get $36)
         (local.get $37)
        )
       )
      )
      (local.set $38
       (v128.load offset=16
        (local.get $masks)
       )
      )
      (local.set $39
       (local.get $38)
      )
      (local.set $40
       (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
      )
      (local.set $41
       (v128.and
        (local.get $39)
        (i8x16.sub
         (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
         (local.get $39)
        )
       )
      )
      (local.set $42
       (i8x16.sub
        (i8x16.min_u
         (i8x16.swizzle
          (v128.const i32x4 0xff0100ff 0xffffff02 0xffffff03 0xffffffff)
          (v128.and
           (local.get $41)
           (i8x16.splat
            (i32.const 15)
           )
          )
         )
         (i8x16.swizzle
          (v128.const i32x4 0xff0504ff 0xffffff06 0xffffff07 0xffffffff)
          (i8x16.shr_u
           (local.get $41)
           (i32.const 4)
          )
         )
        )
        (local.get $40)
       )
      )
      (local.set $43
       (i8x16.swizzle
        (v128.load
         (local.get $weights)
        )
        (local.get $42)
       )
      )
      (local.set $44
       (i8x16.swizzle
        (v128.load offset=8
         (local.get $weights)
        )
        (local.get $42)
       )
      )
      (local.set $45
       (i8x16.swizzle
        (v128.load offset=16
         (local.get $weights)
        )
        (local.get $42)
       )
      )
      (local.set $46
       (i8x16.swizzle
        (v128.load offset=24
         (local.get $weights)
        )
        (local.get $42)
       )
      )
      (local.set $47
       (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
        (local.get $43)
        (local.get $44)
       )
      )
      (local.set $48
       (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
        (local.get $45)
        (local.get $46)
       )
      )
      (local.set $49
       (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
        (local.get $43)
        (local.get $44)
       )
      )
      (local.set $50
       (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
        (local.get $45)
        (local.get $46)
       )
      )
      (v128.store offset=64
       (local.get $sum)
       (f32x4.add
        (v128.load offset=64
         (local.get $sum)
        )
        (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23
         (local.get $47)
         (local.get $48)
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
         (local.get $47)
         (local.get $48)
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
         (local.get $49)
         (local.get $50)
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
         (local.get $49)
         (local.get $50)
        )
       )
      )
      (local.set $51
       (v128.load offset=32
        (local.get $masks)
       )
      )
      (local.set $52
       (local.get $51)
      )
      (local.set $53
       (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
      )
      (local.set $54
       (v128.and
        (local.get $52)
        (i8x16.sub
         (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
         (local.get $52)
        )
       )
      )
      (local.set $55
       (i8x16.sub
        (i8x16.min_u
         (i8x16.swizzle
          (v128.const i32x4 0xff0100ff 0xffffff02 0xffffff03 0xffffffff)
          (v128.and
           (local.get $54)
           (i8x16.splat
            (i32.const 15)
           )
          )
         )
         (i8x16.swizzle
          (v128.const i32x4 0xff0504ff 0xffffff06 0xffffff07 0xffffffff)
          (i8x16.shr_u
           (local.get $54)
           (i32.const 4)
          )
         )
        )
        (local.get $53)
       )
      )
      (local.set $56
       (i8x16.swizzle
        (v128.load
         (local.get $weights)
        )
        (local.get $55)
       )
      )
      (local.set $57
       (i8x16.swizzle
        (v128.load offset=8
         (local.get $weights)
        )
        (local.get $55)
       )
      )
      (local.set $58
       (i8x16.swizzle
        (v128.load offset=16
         (local.get $weights)
        )
        (local.get $55)
       )
      )
      (local.set $59
       (i8x16.swizzle
        (v128.load offset=24
         (local.get $weights)
        )
        (local.get $55)
       )
      )
      (local.set $60
       (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
        (local.get $56)
        (local.get $57)
       )
      )
      (local.set $61
       (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
        (local.get $58)
        (local.get $59)
       )
      )
      (local.set $62
       (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
        (local.get $56)
        (local.get $57)
       )
      )
      (local.set $63
       (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
        (local.get $58)
        (local.get $59)
       )
      )
      (v128.store offset=128
       (local.get $sum)
       (f32x4.add
        (v128.load offset=128
         (local.get $sum)
        )
        (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23
         (local.get $60)
         (local.get $61)
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
         (local.get $60)
         (local.get $61)
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
         (local.get $62)
         (local.get $63)
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
         (local.get $62)
         (local.get $63)
        )
       )
      )
      (local.set $64
       (v128.load offset=48
        (local.get $masks)
       )
      )
      (local.set $65
       (local.get $64)
      )
      (local.set $66
       (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
      )
      (local.set $67
       (v128.and
        (local.get $65)
        (i8x16.sub
         (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
         (local.get $65)
        )
       )
      )
      (local.set $68
       (i8x16.sub
        (i8x16.min_u
         (i8x16.swizzle
          (v128.const i32x4 0xff0100ff 0xffffff02 0xffffff03 0xffffffff)
          (v128.and
           (local.get $67)
           (i8x16.splat
            (i32.const 15)
           )
          )
         )
         (i8x16.swizzle
          (v128.const i32x4 0xff0504ff 0xffffff06 0xffffff07 0xffffffff)
          (i8x16.shr_u
           (local.get $67)
           (i32.const 4)
          )
         )
        )
        (local.get $66)
       )
      )
      (local.set $69
       (i8x16.swizzle
        (v128.load
         (local.get $weights)
        )
        (local.get $68)
       )
      )
      (local.set $70
       (i8x16.swizzle
        (v128.load offset=8
         (local.get $weights)
        )
        (local.get $68)
       )
      )
      (local.set $71
       (i8x16.swizzle
        (v128.load offset=16
         (local.get $weights)
        )
        (local.get $68)
       )
      )
      (local.set $72
       (i8x16.swizzle
        (v128.load offset=24
         (local.get $weights)
        )
        (local.get $68)
       )
      )
      (local.set $73
       (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
        (local.get $69)
        (local.get $70)
       )
      )
      (local.set $74
       (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
        (local.get $71)
        (local.get $72)
       )
      )
      (local.set $75
       (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
        (local.get $69)
        (local.get $70)
       )
      )
      (local.set $76
       (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
        (local.get $71)
        (local.get $72)
       )
      )
      (v128.store offset=192
       (local.get $sum)
       (f32x4.add
        (v128.load offset=192
         (local.get $sum)
        )
        (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23
         (local.get $73)
         (local.get $74)
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
         (local.get $73)
         (local.get $74)
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
         (local.get $75)
         (local.get $76)
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
         (local.get $75)
         (local.get $76)
        )
       )
      )
      (local.set $block
       (i32.add
        (local.get $block)
        (i32.const 8)
       )
      )
      (br $loop1)
     )
    )
    (local.set $tree
     (i32.add
      (local.get $tree)
      (i32.const 4)
     )
    )
    (br $loop0)
   )
  )
 )
 (func $trees_narrow (param $trees i32) (param $codes i32) (param $rows i32) (param $to i32) (result i32)
  (local $states i32)
  (local $cuts i32)
  (local $told i32)
  (local $span i32)
  (local $begins i32)
  (local $cut i32)
  (local $10 i32)
  (local $least v128)
  (local $greatest v128)
  (local $13 i32)
  (local $14 v128)
  (local $first i32)
  (local $16 v128)
  (local $17 v128)
  (local $18 v128)
  (local $19 v128)
  (local $20 v128)
  (local $21 v128)
  (local $22 v128)
  (local $23 v128)
  (local $24 i32)
  (local $25 i32)
  (local $below i32)
  (local $27 i32)
  (local $next i32)
  (local $29 i32)
  (local $30 i32)
  (local $31 i32)
  (local $span.32 i32)
  (local $cut.33 i32)
  (local $34 i32)
  (local $split i32)
  (local $36 i32)
  (local $37 i32)
  (local $split.38 i32)
  (local $39 i32)
  (local $40 i32)
  (local $cut.41 i32)
  (local $42 i32)
  (local $split.43 i32)
  (local $end i32)
  (local $state i32)
  (local $alive i64)
  (local $all i64)
  (local $smaller i64)
  (local $first.49 i32)
  (local $next.50 i32)
  (local $tree i32)
  (local $weights i32)
  (local $state.53 i32)
  (local $kept i32)
  (local $header i32)
  (local $entry i32)
  (local $leaves i32)
  (local $58 i32)
  (local $alive.59 i64)
  (local $width i32)
  (local $end.61 i32)
  (local $62 i32)
  (local $63 i32)
  (local $split.64 i32)
  (local $bits i32)
  (local $stride i32)
  (local $best v128)
  (local $target i32)
  (local $from i32)
  (local $bits.70 i32)
  (local $plane i32)
  (local.set $states
   (i32.add
    (local.get $to)
    (i32.const 784)
   )
  )
  (local.set $cuts
   (i32.add
    (local.get $to)
    (i32.const 1104)
   )
  )
  (local.set $span
   (i32.add
    (local.get $trees)
    (i32.const 1056)
   )
  )
  (local.set $begins
   (i32.add
    (local.get $trees)
    (i32.const 1104)
   )
  )
  (local.set $cut
   (local.get $cuts)
  )
  (local.set $10
   (i32.const 0)
  )
  (block $end0
   (if
    (i32.lt_s
     (local.get $10)
     (i32.const 320)
    )
    (then
     (loop $loop0
      (block $next0
       (block
        (local.set $least
         (i8x16.splat
          (i32.const 127)
         )
        )
        (local.set $greatest
         (i8x16.splat
          (i32.const -128)
         )
        )
        (local.set $13
         (i32.const 0)
        )
        (block $end1
         (if
          (i32.lt_s
           (local.get $13)
           (local.get $rows)
          )
          (then
           (loop $loop1
            (block $next1
             (block
              (local.set $14
               (v128.load
                (i32.add
                 (i32.add
                  (i32.add
                   (local.get $codes)
                   (i32.mul
                    (i32.shr_u
                     (local.get $13)
                     (i32.const 6)
                    )
                    (i32.const 320)
                   )
                  )
                  (local.get $10)
                 )
                 (i32.and
                  (local.get $13)
                  (i32.const 63)
                 )
                )
               )
              )
              (local.set $least
               (i8x16.min_s
                (local.get $least)
                (local.get $14)
               )
              )
              (local.set $greatest
               (i8x16.max_s
                (local.get $greatest)
                (local.get $14)
               )
              )
             )
            )
            (local.set $13
             (i32.add
              (local.get $13)
              (i32.const 16)
             )
            )
            (br_if $loop1
             (i32.lt_s
              (local.get $13)
              (local.get $rows)
             )
            )
           )
          )
         )
        )
        (local.set $first
         (i32.add
          (local.get $trees)
          (i32.load
           (local.get $span)
          )
         )
        )
        (local.set $16
         (i8x16.min_s
          (local.get $least)
          (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7
           (local.get $least)
           (local.get $least)
          )
         )
        )
        (local.set $17
         (i8x16.min_s
          (local.get $16)
          (i8x16.shuffle 4 5 6 7 8 9 10 11 12 13 14 15 0 1 2 3
           (local.get $16)
           (local.get $16)
          )
         )
        )
        (local.set $18
         (i8x16.min_s
          (local.get $17)
          (i8x16.shuffle 2 3 4 5 6 7 8 9 10 11 12 13 14 15 0 1
           (local.get $17)
           (local.get $17)
          )
         )
        )
        (local.set $19
         (i8x16.min_s
          (local.get $18)
          (i8x16.shuffle 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 0
           (local.get $18)
           (local.get $18)
          )
         )
        )
        (local.set $20
         (i8x16.max_s
          (local.get $greatest)
          (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7
           (local.get $greatest)
           (local.get $greatest)
          )
         )
        )
        (local.set $21
         (i8x16.max_s
          (local.get $20)
          (i8x16.shuffle 4 5 6 7 8 9 10 11 12 13 14 15 0 1 2 3
           (local.get $20)
           (local.get $20)
          )
         )
        )
        (local.set $22
         (i8x16.max_s
          (local.get $21)
          (i8x16.shuffle 2 3 4 5 6 7 8 9 10 11 12 13 14 15 0 1
           (local.get $21)
           (local.get $21)
          )
         )
        )
        (local.set $23
         (i8x16.max_s
          (local.get $22)
          (i8x16.shuffle 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 0
           (local.get $22)
           (local.get $22)
          )
         )
        )
        (local.set $24
         (i32.add
          (local.get $first)
          (i32.mul
           (i32.load16_u
            (i32.add
             (local.get $begins)
             (i32.shl
              (i32.xor
               (i8x16.extract_lane_u 0
                (local.get $19)
               )
               (i32.const 128)
              )
              (i32.const 1)
             )
            )
           )
           (i32.const 24)
          )
         )
        )
        (local.set $25
         (i32.add
          (local.get $first)
          (i32.mul
           (i32.load16_u
            (i32.add
             (local.get $begins)
             (i32.shl
              (i32.xor
               (i8x16.extract_lane_u 0
                (local.get $23)
               )
               (i32.const 128)
              )
              (i32.const 1)
             )
            )
           )
           (i32.const 24)
          )
         )
        )
        (i32.store
         (local.get $cut)
         (local.get $24)
        )
        (i32.store offset=4
         (local.get $cut)
         (local.get $25)
        )
        (local.set $told
         (i32.add
          (local.get $told)
          (i32.sub
           (local.get $25)
           (local.get $24)
          )
         )
        )
        (local.set $span
         (i32.add
          (local.get $span)
          (i32.const 8)
         )
        )
        (local.set $begins
         (i32.add
          (local.get $begins)
          (i32.const 512)
         )
        )
        (local.set $cut
         (i32.add
          (local.get $cut)
          (i32.const 8)
         )
        )
       )
      )
      (local.set $10
       (i32.add
        (local.get $10)
        (i32.const 64)
       )
      )
      (br_if $loop0
       (i32.lt_s
        (local.get $10)
        (i32.const 320)
       )
      )
     )
    )
   )
  )
  (if
   (i32.le_s
    (i32.mul
     (i32.sub
      (i32.const 720)
      (local.get $told)
     )
     (i32.shr_u
      (i32.add
       (local.get $rows)
       (i32.const 63)
      )
      (i32.const 6)
     )
    )
    (i32.const 720)
   )
   (then
    (return
     (i32.const 0)
    )
   )
  )
  (local.set $below
   (i32.add
    (global.get $data_base)
    (i32.const 0)
   )
  )
  (local.set $27
   (i32.add
    (local.get $trees)
    (i32.const 272)
   )
  )
  (local.set $next
   (i32.add
    (local.get $to)
    (i32.const 1152)
   )
  )
  (local.set $29
   (i32.const 0)
  )
  (block $end2
   (if
    (i32.lt_s
     (local.get $29)
     (i32.const 320)
    )
    (then
     (loop $loop2
      (block $next2
       (block
        (local.set $30
         (i32.add
          (local.get $27)
          (local.get $29)
         )
        )
        (local.set $31
         (i32.add
          (local.get $states)
          (local.get $29)
         )
        )
        (i64.store
         (local.get $31)
         (i64.load
          (i32.add
           (local.get $below)
           (i32.shl
            (i32.load8_u offset=14
             (local.get $30)
            )
            (i32.const 3)
           )
          )
         )
        )
        (i32.store offset=8
         (local.get $31)
         (local.get $next)
        )
        (local.set $next
         (i32.add
          (local.get $next)
          (i32.shl
           (i32.load8_u offset=13
            (local.get $30)
           )
           (i32.const 4)
          )
         )
        )
       )
      )
      (local.set $29
       (i32.add
        (local.get $29)
        (i32.const 32)
       )
      )
      (br_if $loop2
       (i32.lt_s
        (local.get $29)
        (i32.const 320)
       )
      )
     )
    )
   )
  )
  (local.set $span.32
   (i32.add
    (local.get $trees)
    (i32.const 1056)
   )
  )
  (local.set $cut.33
   (local.get $cuts)
  )
  (local.set $34
   (i32.const 0)
  )
  (block $end3
   (if
    (i32.lt_s
     (local.get $34)
     (i32.const 5)
    )
    (then
     (loop $loop3
      (block $next3
       (block
        (local.set $split
         (i32.add
          (local.get $trees)
          (i32.load
           (local.get $span.32)
          )
         )
        )
        (local.set $36
         (i32.load
          (local.get $cut.33)
         )
        )
        (block $end4
         (loop $loop4
          (br_if $end4
           (i32.eqz
            (i32.lt_u
             (local.get $split)
             (local.get $36)
            )
           )
          )
          (local.set $37
           (i32.add
            (local.get $states)
            (i32.load offset=16
             (local.get $split)
            )
           )
          )
          (i64.store
           (local.get $37)
           (i64.and
            (i64.load
             (local.get $37)
            )
            (i64.xor
             (i64.load
              (local.get $split)
             )
             (i64.const -1)
            )
           )
          )
          (local.set $split
           (i32.add
            (local.get $split)
            (i32.const 24)
           )
          )
          (br $loop4)
         )
        )
        (local.set $split.38
         (i32.load offset=4
          (local.get $cut.33)
         )
        )
        (local.set $39
         (i32.add
          (local.get $trees)
          (i32.load offset=4
           (local.get $span.32)
          )
         )
        )
        (block $end5
         (loop $loop5
          (br_if $end5
           (i32.eqz
            (i32.lt_u
             (local.get $split.38)
             (local.get $39)
            )
           )
          )
          (local.set $40
           (i32.add
            (local.get $states)
            (i32.load offset=16
             (local.get $split.38)
            )
           )
          )
          (i64.store
           (local.get $40)
           (i64.and
            (i64.load
             (local.get $40)
            )
            (i64.xor
             (i64.load offset=8
              (local.get $split.38)
             )
             (i64.const -1)
            )
           )
          )
          (local.set $split.38
           (i32.add
            (local.get $split.38)
            (i32.const 24)
           )
          )
          (br $loop5)
         )
        )
        (local.set $span.32
         (i32.add
          (local.get $span.32)
          (i32.const 8)
         )
        )
        (local.set $cut.33
         (i32.add
          (local.get $cut.33)
          (i32.const 8)
         )
        )
       )
      )
      (local.set $34
       (i32.add
        (local.get $34)
        (i32.const 1)
       )
      )
      (br_if $loop3
       (i32.lt_s
        (local.get $34)
        (i32.const 5)
       )
      )
     )
    )
   )
  )
  (local.set $cut.41
   (local.get $cuts)
  )
  (local.set $42
   (i32.const 0)
  )
  (block $end6
   (if
    (i32.lt_s
     (local.get $42)
     (i32.const 320)
    )
    (then
     (loop $loop6
      (block $next6
       (block
        (local.set $split.43
         (i32.load
          (local.get $cut.41)
         )
        )
        (local.set $end
         (i32.load offset=4
          (local.get $cut.41)
         )
        )
        (block $end7
         (loop $loop7
          (br_if $end7
           (i32.eqz
            (i32.lt_u
             (local.get $split.43)
             (local.get $end)
            )
           )
          )
          (local.set $state
           (i32.add
            (local.get $states)
            (i32.load offset=16
             (local.get $split.43)
            )
           )
          )
          (local.set $alive
           (i64.load
            (local.get $state)
           )
          )
          (local.set $all
           (i64.load
            (local.get $split.43)
           )
          )
          (local.set $smaller
           (i64.and
            (local.get $alive)
            (local.get $all)
           )
          )
          (local.set $first.49
           (i32.shl
            (i32.wrap_i64
             (i64.popcnt
              (i64.and
               (local.get $alive)
               (i64.sub
                (i64.and
                 (local.get $all)
                 (i64.sub
                  (i64.const 0)
                  (local.get $all)
                 )
                )
                (i64.const 1)
               )
              )
             )
            )
            (i32.const 3)
           )
          )
          (local.set $next.50
           (i32.load offset=8
            (local.get $state)
           )
          )
          (i32.store
           (local.get $next.50)
           (i32.or
            (i32.shl
             (i32.load8_u offset=20
              (local.get $split.43)
             )
             (i32.const 16)
            )
            (local.get $42)
           )
          )
          (i64.store offset=8
           (local.get $next.50)
           (i64.sub
            (i64.load
             (i32.add
              (local.get $below)
              (i32.add
               (local.get $first.49)
               (i32.shl
                (i32.wrap_i64
                 (i64.popcnt
                  (local.get $smaller)
                 )
                )
                (i32.const 3)
               )
              )
             )
            )
            (i64.load
             (i32.add
              (local.get $below)
              (local.get $first.49)
             )
            )
           )
          )
          (i32.store offset=8
           (local.get $state)
           (i32.add
            (local.get $next.50)
            (i32.shl
             (i32.and
              (i64.ne
               (local.get $smaller)
               (i64.const 0)
              )
              (i64.ne
               (i64.and
                (local.get $alive)
                (i64.load offset=8
                 (local.get $split.43)
                )
               )
               (i64.const 0)
              )
             )
             (i32.const 4)
            )
           )
          )
          (local.set $split.43
           (i32.add
            (local.get $split.43)
            (i32.const 24)
           )
          )
          (br $loop7)
         )
        )
        (local.set $cut.41
         (i32.add
          (local.get $cut.41)
          (i32.const 8)
         )
        )
       )
      )
      (local.set $42
       (i32.add
        (local.get $42)
        (i32.const 64)
       )
      )
      (br_if $loop6
       (i32.lt_s
        (local.get $42)
        (i32.const 320)
       )
      )
     )
    )
   )
  )
  (local.set $tree
   (i32.add
    (local.get $trees)
    (i32.const 272)
   )
  )
  (local.set $weights
   (i32.add
    (local.get $trees)
    (i32.const 4384)
   )
  )
  (local.set $state.53
   (local.get $states)
  )
  (local.set $kept
   (i32.add
    (local.get $to)
    (i32.const 1152)
   )
  )
  (local.set $header
   (i32.add
    (local.get $to)
    (i32.const 0)
   )
  )
  (local.set $entry
   (i32.add
    (local.get $to)
    (i32.const 320)
   )
  )
  (local.set $leaves
   (i32.add
    (local.get $to)
    (i32.const 448)
   )
  )
  (local.set $58
   (i32.const 0)
  )
  (block $end8
   (if
    (i32.lt_s
     (local.get $58)
     (i32.const 10)
    )
    (then
     (loop $loop8
      (block $next8
       (block
        (local.set $alive.59
         (i64.load
          (local.get $state.53)
         )
        )
        (local.set $width
         (i32.shl
          (i32.const 1)
          (i32.sub
           (i32.const 32)
           (i32.clz
            (i32.shr_u
             (i32.sub
              (i32.wrap_i64
               (i64.popcnt
                (local.get $alive.59)
               )
              )
              (i32.const 1)
             )
             (i32.const 3)
            )
           )
          )
         )
        )
        (i32.store
         (local.get $header)
         (i32.load
          (local.get $tree)
         )
        )
        (i32.store8 offset=12
         (local.get $header)
         (local.get $width)
        )
        (i32.store offset=16
         (local.get $header)
         (i32.sub
          (local.get $entry)
          (i32.add
           (local.get $to)
           (i32.const 320)
          )
         )
        )
        (i32.store offset=20
         (local.get $header)
         (i32.sub
          (local.get $leaves)
          (i32.add
           (local.get $to)
           (i32.const 448)
          )
         )
        )
        (local.set $end.61
         (i32.load offset=8
          (local.get $state.53)
         )
        )
        (local.set $62
         (i32.const 0)
        )
        (block $end9
         (if
          (i32.lt_s
           (local.get $62)
           (local.get $width)
          )
          (then
           (loop $loop9
            (block $next9
             (block
              (local.set $63
               (local.get $entry)
              )
              (local.set $split.64
               (local.get $kept)
              )
              (block $end10
               (loop $loop10
                (br_if $end10
                 (i32.eqz
                  (i32.lt_u
                   (local.get $split.64)
                   (local.get $end.61)
                  )
                 )
                )
                (local.set $bits
                 (i32.load8_u offset=8
                  (i32.add
                   (local.get $split.64)
                   (local.get $62)
                  )
                 )
                )
                (i32.store
                 (local.get $entry)
                 (i32.or
                  (i32.load
                   (local.get $split.64)
                  )
                  (i32.shl
                   (local.get $bits)
                   (i32.const 24)
                  )
                 )
                )
                (local.set $entry
                 (i32.add
                  (local.get $entry)
                  (i32.shl
                   (i32.ne
                    (local.get $bits)
                    (i32.const 0)
                   )
                   (i32.const 2)
                  )
                 )
                )
                (local.set $split.64
                 (i32.add
                  (local.get $split.64)
                  (i32.const 16)
                 )
                )
                (br $loop10)
               )
              )
              (i32.store8 offset=4
               (i32.add
                (local.get $header)
                (local.get $62)
               )
               (i32.shr_u
                (i32.sub
                 (local.get $entry)
                 (local.get $63)
                )
                (i32.const 2)
               )
              )
             )
            )
            (local.set $62
             (i32.add
              (local.get $62)
              (i32.const 1)
             )
            )
            (br_if $loop9
             (i32.lt_s
              (local.get $62)
              (local.get $width)
             )
            )
           )
          )
         )
        )
        (local.set $stride
         (i32.shl
          (local.get $width)
          (i32.const 3)
         )
        )
        (local.set $best
         (f32x4.splat
          (f32.const -inf)
         )
        )
        (local.set $target
         (local.get $leaves)
        )
        (block $end11
         (loop $loop11
          (br_if $end11
           (i32.eqz
            (i64.ne
             (local.get $alive.59)
             (i64.const 0)
            )
           )
          )
          (local.set $from
           (i32.add
            (local.get $weights)
            (i32.shl
             (i32.wrap_i64
              (i64.ctz
               (local.get $alive.59)
              )
             )
             (i32.const 2)
            )
           )
          )
          (local.set $alive.59
           (i64.and
            (local.get $alive.59)
            (i64.sub
             (local.get $alive.59)
             (i64.const 1)
            )
           )
          )
          (local.set $bits.70
           (i32.load
            (local.get $from)
           )
          )
          (local.set $plane
           (local.get $target)
          )
          (i32.store8
           (local.get $plane)
           (i32.shr_u
            (local.get $bits.70)
            (i32.const 0)
           )
          )
          (local.set $plane
           (i32.add
            (local.get $plane)
            (local.get $stride)
           )
          )
          (i32.store8
           (local.get $plane)
           (i32.shr_u
            (local.get $bits.70)
            (i32.const 8)
           )
          )
          (local.set $plane
           (i32.add
            (local.get $plane)
            (local.get $stride)
           )
          )
          (i32.store8
           (local.get $plane)
           (i32.shr_u
            (local.get $bits.70)
            (i32.const 16)
           )
          )
          (local.set $plane
           (i32.add
            (local.get $plane)
            (local.get $stride)
           )
          )
          (i32.store8
           (local.get $plane)
           (i32.shr_u
            (local.get $bits.70)
            (i32.const 24)
           )
          )
          (local.set $target
           (i32.add
            (local.get $target)
            (i32.const 1)
           )
          )
          (br $loop11)
         )
        )
        (local.set $kept
         (i32.add
          (local.get $kept)
          (i32.shl
           (i32.load8_u offset=13
            (local.get $tree)
           )
           (i32.const 4)
          )
         )
        )
        (local.set $weights
         (i32.add
          (local.get $weights)
          (i32.mul
           (i32.load8_u offset=12
            (local.get $tree)
           )
           (i32.const 32)
          )
         )
        )
        (local.set $tree
         (i32.add
          (local.get $tree)
          (i32.const 32)
         )
        )
        (local.set $header
         (i32.add
          (local.get $header)
          (i32.const 32)
         )
        )
        (local.set $state.53
         (i32.add
          (local.get $state.53)
          (i32.const 32)
         )
        )
        (local.set $leaves
         (i32.add
          (local.get $leaves)
          (i32.mul
           (local.get $stride)
           (i32.const 4)
          )
         )
        )
       )
      )
      (local.set $58
       (i32.add
        (local.get $58)
        (i32.const 1)
       )
      )
      (br_if $loop8
       (i32.lt_s
        (local.get $58)
        (i32.const 10)
       )
      )
     )
    )
   )
  )
  (return
   (i32.const 1)
  )
  (unreachable)
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
 (func $trees (param $input i32) (param $output i32) (param $trees i32) (param $rows i32) (param $scratch i32) (param $bound i32)
  (local $codes i32)
  (local $sums i32)
  (local $masks i32)
  (local $live i32)
  (local $order i32)
  (local $11 i32)
  (local $12 i32)
  (local $blocks i32)
  (local $14 i32)
  (local $15 i32)
  (local $liveEnd i32)
  (local $headers i32)
  (local $entries i32)
  (local $leaves i32)
  (local $narrowed i32)
  (local $21 i32)
  (local $22 i32)
  (local $23 i32)
  (local $24 i32)
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
    (i32.const 2560)
   )
  )
  (local.set $masks
   (i32.add
    (local.get $codes)
    (i32.const 4608)
   )
  )
  (local.set $live
   (i32.add
    (local.get $codes)
    (i32.const 4736)
   )
  )
  (local.set $order
   (i32.add
    (local.get $codes)
    (i32.const 4800)
   )
  )
  (local.set $11
   (i32.const 0)
  )
  (block $end0
   (if
    (i32.lt_s
     (local.get $11)
     (local.get $rows)
    )
    (then
     (loop $loop0
      (block $next0
       (block
        (local.set $12
         (i32.sub
          (local.get $rows)
          (local.get $11)
         )
        )
        (if
         (i32.gt_s
          (local.get $12)
          (i32.const 512)
         )
         (then
          (local.set $12
           (i32.const 512)
          )
         )
        )
        (local.set $blocks
         (i32.shr_u
          (i32.add
           (local.get $12)
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
        (local.set $14
         (i32.const 0)
        )
        (block $end1
         (if
          (i32.lt_s
           (local.get $14)
           (local.get $blocks)
          )
          (then
           (loop $loop1
            (block $next1
             (block
              (local.set $15
               (i32.add
                (local.get $live)
                (i32.shl
                 (local.get $14)
                 (i32.const 3)
                )
               )
              )
              (i32.store
               (local.get $15)
               (i32.add
                (local.get $codes)
                (i32.mul
                 (local.get $14)
                 (i32.const 320)
                )
               )
              )
              (i32.store offset=4
               (local.get $15)
               (i32.add
                (local.get $sums)
                (i32.mul
                 (local.get $14)
                 (i32.const 256)
                )
               )
              )
             )
            )
            (local.set $14
             (i32.add
              (local.get $14)
              (i32.const 1)
             )
            )
            (br_if $loop1
             (i32.lt_s
              (local.get $14)
              (local.get $blocks)
             )
            )
           )
          )
         )
        )
        (local.set $liveEnd
         (i32.add
          (local.get $live)
          (i32.shl
           (local.get $blocks)
           (i32.const 3)
          )
         )
        )
        (call $trees_encode
         (local.get $input)
         (local.get $11)
         (local.get $12)
         (local.get $trees)
         (local.get $codes)
        )
        (call $trees_turn
         (local.get $trees)
         (local.get $codes)
         (local.get $blocks)
        )
        (local.set $headers
         (i32.add
          (local.get $trees)
          (i32.const 272)
         )
        )
        (local.set $entries
         (i32.add
          (local.get $trees)
          (i32.const 592)
         )
        )
        (local.set $leaves
         (i32.add
          (local.get $trees)
          (i32.const 720)
         )
        )
        (local.set $narrowed
         (i32.add
          (local.get $codes)
          (i32.const 4848)
         )
        )
        (local.set $21
         (call $trees_narrow
          (local.get $trees)
          (local.get $codes)
          (local.get $12)
          (local.get $narrowed)
         )
        )
        (if
         (local.get $21)
         (then
          (local.set $headers
           (i32.add
            (local.get $narrowed)
            (i32.const 0)
           )
          )
          (local.set $entries
           (i32.add
            (local.get $narrowed)
            (i32.const 320)
           )
          )
          (local.set $leaves
           (i32.add
            (local.get $narrowed)
            (i32.const 448)
           )
          )
         )
        )
        (if
         (i32.ne
          (local.get $live)
          (local.get $liveEnd)
         )
         (then
          (local.set $22
           (i32.const 0)
          )
          (block $end2
           (if
            (i32.lt_s
             (local.get $22)
             (i32.const 10)
            )
            (then
             (loop $loop2
              (block $next2
               (block
                (i32.store
                 (i32.add
                  (local.get $order)
                  (i32.shl
                   (local.get $22)
                   (i32.const 2)
                  )
                 )
                 (i32.add
                  (local.get $headers)
                  (i32.mul
                   (local.get $22)
                   (i32.const 32)
                  )
                 )
                )
               )
              )
              (local.set $22
               (i32.add
                (local.get $22)
                (i32.const 1)
               )
              )
              (br_if $loop2
               (i32.lt_s
                (local.get $22)
                (i32.const 10)
               )
              )
             )
            )
           )
          )
          (call $trees_masks
           (local.get $order)
           (i32.add
            (local.get $order)
            (i32.const 40)
           )
           (local.get $entries)
           (local.get $leaves)
           (local.get $live)
           (local.get $liveEnd)
           (local.get $masks)
          )
         )
        )
        (local.set $23
         (i32.const 0)
        )
        (block $end3
         (if
          (i32.lt_s
           (local.get $23)
           (local.get $blocks)
          )
          (then
           (loop $loop3
            (block $next3
             (block
              (local.set $24
               (i32.sub
                (local.get $12)
                (i32.mul
                 (local.get $23)
                 (i32.const 64)
                )
               )
              )
              (if
               (i32.gt_s
                (local.get $24)
                (i32.const 64)
               )
               (then
                (local.set $24
                 (i32.const 64)
                )
               )
              )
              (call $trees_finish
               (i32.add
                (local.get $sums)
                (i32.mul
                 (local.get $23)
                 (i32.const 256)
                )
               )
               (local.get $output)
               (i32.add
                (local.get $11)
                (i32.mul
                 (local.get $23)
                 (i32.const 64)
                )
               )
               (local.get $24)
              )
             )
            )
            (local.set $23
             (i32.add
              (local.get $23)
              (i32.const 1)
             )
            )
            (br_if $loop3
             (i32.lt_s
              (local.get $23)
              (local.get $blocks)
             )
            )
           )
          )
         )
        )
       )
      )
      (local.set $11
       (i32.add
        (local.get $11)
        (i32.const 512)
       )
      )
      (br_if $loop0
       (i32.lt_s
        (local.get $11)
        (local.get $rows)
       )
      )
     )
    )
   )
  )
 )
)
