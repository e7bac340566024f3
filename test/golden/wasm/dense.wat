(module
 (type $0 (func (param i32 i32 i32 i32 i32 i32 i32)))
 (import "env" "memory" (memory $memory 1 65536 shared))
 (func $panel1_f32_2x1_bias (param $input i32) (param $output i32) (param $weights i32) (param $bias i32) (param $rows i32) (param $k i32) (param $stride i32)
  (local $end_bytes i32)
  (local $at i32)
  (local $9 v128)
  (local $10 v128)
  (local $11 v128)
  (local $weight i32)
  (local $from i32)
  (local $end i32)
  (local $column i32)
  (local $16 v128)
  (local $17 v128)
  (local $18 v128)
  (local $19 i32)
  (local $20 v128)
  (local $21 v128)
  (local $weight.22 i32)
  (local $from.23 i32)
  (local $end.24 i32)
  (local $column.25 i32)
  (local $26 v128)
  (local $27 v128)
  (local $28 i32)
  (local.set $end_bytes
   (i32.mul
    (i32.and
     (i32.add
      (local.get $rows)
      (i32.const 3)
     )
     (i32.const -4)
    )
    (i32.const 4)
   )
  )
  (local.set $at
   (i32.sub
    (local.get $rows)
    (local.get $rows)
   )
  )
  (block $end0
   (loop $loop0
    (br_if $end0
     (i32.eqz
      (i32.le_s
       (i32.add
        (local.get $at)
        (i32.const 32)
       )
       (local.get $end_bytes)
      )
     )
    )
    (local.set $9
     (v128.load32_splat
      (local.get $bias)
     )
    )
    (local.set $10
     (local.get $9)
    )
    (local.set $11
     (local.get $9)
    )
    (local.set $weight
     (local.get $weights)
    )
    (local.set $from
     (local.get $input)
    )
    (local.set $end
     (i32.add
      (local.get $input)
      (i32.mul
       (local.get $k)
       (i32.const 4)
      )
     )
    )
    (block $end1
     (loop $loop1
      (local.set $column
       (i32.add
        (i32.load
         (local.get $from)
        )
        (local.get $at)
       )
      )
      (local.set $16
       (v128.load
        (local.get $column)
       )
      )
      (local.set $17
       (v128.load offset=16
        (local.get $column)
       )
      )
      (local.set $18
       (v128.load32_splat
        (local.get $weight)
       )
      )
      (local.set $10
       (f32x4.relaxed_madd
        (local.get $16)
        (local.get $18)
        (local.get $10)
       )
      )
      (local.set $11
       (f32x4.relaxed_madd
        (local.get $17)
        (local.get $18)
        (local.get $11)
       )
      )
      (local.set $weight
       (i32.add
        (local.get $weight)
        (local.get $stride)
       )
      )
      (local.set $from
       (i32.add
        (local.get $from)
        (i32.const 4)
       )
      )
      (br_if $end1
       (i32.ge_u
        (local.get $from)
        (local.get $end)
       )
      )
      (br $loop1)
     )
    )
    (local.set $19
     (i32.add
      (i32.load
       (local.get $output)
      )
      (local.get $at)
     )
    )
    (v128.store
     (local.get $19)
     (local.get $10)
    )
    (v128.store offset=16
     (local.get $19)
     (local.get $11)
    )
    (local.set $at
     (i32.add
      (local.get $at)
      (i32.const 32)
     )
    )
    (br $loop0)
   )
  )
  (block $end2
   (loop $loop2
    (br_if $end2
     (i32.eqz
      (i32.lt_s
       (local.get $at)
       (local.get $end_bytes)
      )
     )
    )
    (local.set $20
     (v128.load32_splat
      (local.get $bias)
     )
    )
    (local.set $21
     (local.get $20)
    )
    (local.set $weight.22
     (local.get $weights)
    )
    (local.set $from.23
     (local.get $input)
    )
    (local.set $end.24
     (i32.add
      (local.get $input)
      (i32.mul
       (local.get $k)
       (i32.const 4)
      )
     )
    )
    (block $end3
     (loop $loop3
      (local.set $column.25
       (i32.add
        (i32.load
         (local.get $from.23)
        )
        (local.get $at)
       )
      )
      (local.set $26
       (v128.load
        (local.get $column.25)
       )
      )
      (local.set $27
       (v128.load32_splat
        (local.get $weight.22)
       )
      )
      (local.set $21
       (f32x4.relaxed_madd
        (local.get $26)
        (local.get $27)
        (local.get $21)
       )
      )
      (local.set $weight.22
       (i32.add
        (local.get $weight.22)
        (local.get $stride)
       )
      )
      (local.set $from.23
       (i32.add
        (local.get $from.23)
        (i32.const 4)
       )
      )
      (br_if $end3
       (i32.ge_u
        (local.get $from.23)
        (local.get $end.24)
       )
      )
      (br $loop3)
     )
    )
    (local.set $28
     (i32.add
      (i32.load
       (local.get $output)
      )
      (local.get $at)
     )
    )
    (v128.store
     (local.get $28)
     (local.get $21)
    )
    (local.set $at
     (i32.add
      (local.get $at)
      (i32.const 16)
     )
    )
    (br $loop2)
   )
  )
 )
 (func $panel2_f32_2x1_bias (param $input i32) (param $output i32) (param $weights i32) (param $bias i32) (param $rows i32) (param $k i32) (param $stride i32)
  (local $end_bytes i32)
  (local $at i32)
  (local $9 v128)
  (local $10 v128)
  (local $11 v128)
  (local $12 v128)
  (local $weight i32)
  (local $from i32)
  (local $end i32)
  (local $column i32)
  (local $17 v128)
  (local $18 v128)
  (local $19 v128)
  (local $20 i32)
  (local $21 i32)
  (local $22 v128)
  (local $23 v128)
  (local $24 v128)
  (local $25 v128)
  (local $weight.26 i32)
  (local $from.27 i32)
  (local $end.28 i32)
  (local $column.29 i32)
  (local $30 v128)
  (local $31 v128)
  (local $32 v128)
  (local $33 i32)
  (local $34 i32)
  (local.set $end_bytes
   (i32.mul
    (i32.and
     (i32.add
      (local.get $rows)
      (i32.const 3)
     )
     (i32.const -4)
    )
    (i32.const 4)
   )
  )
  (local.set $at
   (i32.sub
    (local.get $rows)
    (local.get $rows)
   )
  )
  (block $end0
   (loop $loop0
    (br_if $end0
     (i32.eqz
      (i32.le_s
       (i32.add
        (local.get $at)
        (i32.const 16)
       )
       (local.get $end_bytes)
      )
     )
    )
    (local.set $9
     (v128.load32_splat
      (local.get $bias)
     )
    )
    (local.set $10
     (local.get $9)
    )
    (local.set $11
     (v128.load32_splat offset=4
      (local.get $bias)
     )
    )
    (local.set $12
     (local.get $11)
    )
    (local.set $weight
     (local.get $weights)
    )
    (local.set $from
     (local.get $input)
    )
    (local.set $end
     (i32.add
      (local.get $input)
      (i32.mul
       (local.get $k)
       (i32.const 4)
      )
     )
    )
    (block $end1
     (loop $loop1
      (local.set $column
       (i32.add
        (i32.load
         (local.get $from)
        )
        (local.get $at)
       )
      )
      (local.set $17
       (v128.load
        (local.get $column)
       )
      )
      (local.set $18
       (v128.load32_splat
        (local.get $weight)
       )
      )
      (local.set $10
       (f32x4.relaxed_madd
        (local.get $17)
        (local.get $18)
        (local.get $10)
       )
      )
      (local.set $19
       (v128.load32_splat offset=4
        (local.get $weight)
       )
      )
      (local.set $12
       (f32x4.relaxed_madd
        (local.get $17)
        (local.get $19)
        (local.get $12)
       )
      )
      (local.set $weight
       (i32.add
        (local.get $weight)
        (local.get $stride)
       )
      )
      (local.set $from
       (i32.add
        (local.get $from)
        (i32.const 4)
       )
      )
      (br_if $end1
       (i32.ge_u
        (local.get $from)
        (local.get $end)
       )
      )
      (br $loop1)
     )
    )
    (local.set $20
     (i32.add
      (i32.load
       (local.get $output)
      )
      (local.get $at)
     )
    )
    (v128.store
     (local.get $20)
     (local.get $10)
    )
    (local.set $21
     (i32.add
      (i32.load offset=4
       (local.get $output)
      )
      (local.get $at)
     )
    )
    (v128.store
     (local.get $21)
     (local.get $12)
    )
    (local.set $at
     (i32.add
      (local.get $at)
      (i32.const 16)
     )
    )
    (br $loop0)
   )
  )
  (block $end2
   (loop $loop2
    (br_if $end2
     (i32.eqz
      (i32.lt_s
       (local.get $at)
       (local.get $end_bytes)
      )
     )
    )
    (local.set $22
     (v128.load32_splat
      (local.get $bias)
     )
    )
    (local.set $23
     (local.get $22)
    )
    (local.set $24
     (v128.load32_splat offset=4
      (local.get $bias)
     )
    )
    (local.set $25
     (local.get $24)
    )
    (local.set $weight.26
     (local.get $weights)
    )
    (local.set $from.27
     (local.get $input)
    )
    (local.set $end.28
     (i32.add
      (local.get $input)
      (i32.mul
       (local.get $k)
       (i32.const 4)
      )
     )
    )
    (block $end3
     (loop $loop3
      (local.set $column.29
       (i32.add
        (i32.load
         (local.get $from.27)
        )
        (local.get $at)
       )
      )
      (local.set $30
       (v128.load
        (local.get $column.29)
       )
      )
      (local.set $31
       (v128.load32_splat
        (local.get $weight.26)
       )
      )
      (local.set $23
       (f32x4.relaxed_madd
        (local.get $30)
        (local.get $31)
        (local.get $23)
       )
      )
      (local.set $32
       (v128.load32_splat offset=4
        (local.get $weight.26)
       )
      )
      (local.set $25
       (f32x4.relaxed_madd
        (local.get $30)
        (local.get $32)
        (local.get $25)
       )
      )
      (local.set $weight.26
       (i32.add
        (local.get $weight.26)
        (local.get $stride)
       )
      )
      (local.set $from.27
       (i32.add
        (local.get $from.27)
        (i32.const 4)
       )
      )
      (br_if $end3
       (i32.ge_u
        (local.get $from.27)
        (local.get $end.28)
       )
      )
      (br $loop3)
     )
    )
    (local.set $33
     (i32.add
      (i32.load
       (local.get $output)
      )
      (local.get $at)
     )
    )
    (v128.store
     (local.get $33)
     (local.get $23)
    )
    (local.set $34
     (i32.add
      (i32.load offset=4
       (local.get $output)
      )
      (local.get $at)
     )
    )
    (v128.store
     (local.get $34)
     (local.get $25)
    )
    (local.set $at
     (i32.add
      (local.get $at)
      (i32.const 16)
     )
    )
    (br $loop2)
   )
  )
 )
 (func $dense_f32_2x1_bias (param $input i32) (param $output i32) (param $weights i32) (param $bias i32) (param $rows i32) (param $k i32) (param $m i32)
  (local $left i32)
  (local $8 i32)
  (local $9 i32)
  (local $10 i32)
  (local $11 i32)
  (local $12 i32)
  (local $13 i32)
  (local.set $left
   (local.get $m)
  )
  (block $end0
   (loop $loop0
    (br_if $end0
     (i32.eqz
      (i32.gt_s
       (local.get $left)
       (i32.const 0)
      )
     )
    )
    (local.set $8
     (local.get $left)
    )
    (if
     (i32.gt_s
      (local.get $8)
      (i32.const 12)
     )
     (then
      (local.set $8
       (i32.const 12)
      )
     )
    )
    (local.set $9
     (local.get $8)
    )
    (local.set $10
     (i32.mul
      (local.get $9)
      (i32.const 4)
     )
    )
    (local.set $11
     (local.get $9)
    )
    (block $end1
     (loop $loop1
      (br_if $end1
       (i32.eqz
        (i32.gt_s
         (local.get $11)
         (i32.const 0)
        )
       )
      )
      (local.set $12
       (local.get $11)
      )
      (if
       (i32.gt_s
        (local.get $12)
        (i32.const 2)
       )
       (then
        (local.set $12
         (i32.const 2)
        )
       )
      )
      (local.set $13
       (local.get $12)
      )
      (block $end2
       (block
        (block $default2
         (block
          (block $case2_0
           (br_table $case2_0 $default2
            (i32.sub
             (local.get $13)
             (i32.const 1)
            )
           )
          )
          (block
           (call $panel1_f32_2x1_bias
            (local.get $input)
            (local.get $output)
            (local.get $weights)
            (local.get $bias)
            (local.get $rows)
            (local.get $k)
            (local.get $10)
           )
           (br $end2)
          )
         )
        )
        (block
         (call $panel2_f32_2x1_bias
          (local.get $input)
          (local.get $output)
          (local.get $weights)
          (local.get $bias)
          (local.get $rows)
          (local.get $k)
          (local.get $10)
         )
         (br $end2)
        )
       )
      )
      (local.set $weights
       (i32.add
        (local.get $weights)
        (i32.mul
         (local.get $13)
         (i32.const 4)
        )
       )
      )
      (local.set $bias
       (i32.add
        (local.get $bias)
        (i32.mul
         (local.get $13)
         (i32.const 4)
        )
       )
      )
      (local.set $output
       (i32.add
        (local.get $output)
        (i32.mul
         (local.get $13)
         (i32.const 4)
        )
       )
      )
      (local.set $11
       (i32.sub
        (local.get $11)
        (local.get $13)
       )
      )
      (br $loop1)
     )
    )
    (local.set $weights
     (i32.add
      (local.get $weights)
      (i32.mul
       (i32.sub
        (local.get $k)
        (i32.const 1)
       )
       (local.get $10)
      )
     )
    )
    (local.set $left
     (i32.sub
      (local.get $left)
      (local.get $9)
     )
    )
    (br $loop0)
   )
  )
 )
)
