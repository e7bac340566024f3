 (func $run_p0_result (param $context i32) (param $local i32) (param $morsel i32) (result i32)
  (local $stopped i32)
  (local $4 i32)
  (local $5 i32)
  (local $row i32)
  (local $group i32)
  (local $8 i32)
  (local $9 i32)
  (local $10 i32)
  (local $11 i32)
  (local $12 i32)
  (local $13 i32)
  (local $14 i32)
  (local $15 i32)
  (local $16 i32)
  (local $17 i32)
  (local $18 i32)
  (local $19 i32)
  (local $20 i32)
  (local $21 i32)
  (local $22 i32)
  (local $23 i32)
  (local $24 i32)
  (local $25 i32)
  (local $26 i32)
  (local $27 i32)
  (local $28 i32)
  (local $29 i32)
  (local $30 i64)
  (local $31 i32)
  (local $index i32)
  (block $end0
   (block
    (i32.store offset=16420
     (local.get $local)
     (i32.const 0)
    )
    (local.set $4
     (i32.load
      (local.get $morsel)
     )
    )
    (local.set $5
     (i32.load offset=4
      (local.get $morsel)
     )
    )
    (local.set $group
     (i32.load offset=8
      (local.get $morsel)
     )
    )
    (local.set $8
     (i32.load offset=12
      (local.get $morsel)
     )
    )
    (local.set $9
     (i32.load offset=36
      (local.get $morsel)
     )
    )
    (local.set $10
     (i32.load offset=40
      (local.get $morsel)
     )
    )
    (local.set $11
     (i32.load offset=64
      (local.get $morsel)
     )
    )
    (local.set $12
     (i32.load offset=68
      (local.get $morsel)
     )
    )
    (local.set $13
     (i32.load offset=72
      (local.get $morsel)
     )
    )
    (local.set $14
     (i32.load offset=76
      (local.get $morsel)
     )
    )
    (local.set $15
     (select
      (local.get $12)
      (i32.const 0)
      (local.get $group)
     )
    )
    (local.set $16
     (i32.load offset=84
      (local.get $morsel)
     )
    )
    (local.set $17
     (i32.load offset=88
      (local.get $morsel)
     )
    )
    (local.set $18
     (i32.load offset=108
      (local.get $morsel)
     )
    )
    (local.set $19
     (i32.load offset=112
      (local.get $morsel)
     )
    )
    (local.set $20
     (i32.load offset=132
      (local.get $morsel)
     )
    )
    (local.set $21
     (i32.load offset=156
      (local.get $morsel)
     )
    )
    (local.set $22
     (i32.load offset=160
      (local.get $morsel)
     )
    )
    (local.set $23
     (i32.load offset=180
      (local.get $morsel)
     )
    )
    (local.set $24
     (i32.load offset=204
      (local.get $morsel)
     )
    )
    (local.set $25
     (i32.load offset=208
      (local.get $morsel)
     )
    )
    (local.set $26
     (i32.load offset=224
      (local.get $morsel)
     )
    )
    (local.set $27
     (i32.load offset=228
      (local.get $morsel)
     )
    )
    (local.set $28
     (i32.load offset=232
      (local.get $morsel)
     )
    )
    (local.set $29
     (local.get $4)
    )
    (block $end1
     (if
      (i32.lt_s
       (local.get $29)
       (local.get $5)
      )
      (then
       (loop $loop1
        (block $next1
         (block
          (local.set $row
           (local.get $29)
          )
          (local.set $30
           (i64.load
            (i32.add
             (local.get $8)
             (i32.shl
              (local.get $row)
              (i32.const 3)
             )
            )
           )
          )
          (local.set $31
           (i64.lt_s
            (i64.const 20)
            (local.get $30)
           )
          )
          (br_if $next1
           (i32.eqz
            (local.get $31)
           )
          )
          (local.set $index
           (i32.load
            (local.get $local)
           )
          )
          (i64.store offset=32
           (i32.add
            (local.get $local)
            (i32.mul
             (local.get $index)
             (i32.const 8)
            )
           )
           (local.get $30)
          )
          (i32.store
           (local.get $local)
           (i32.add
            (local.get $index)
            (i32.const 1)
           )
          )
          (if
           (i32.eq
            (i32.add
             (local.get $index)
             (i32.const 1)
            )
            (i32.const 2048)
           )
           (then
            (call $flush_result
             (local.get $local)
            )
           )
          )
         )
        )
        (local.set $29
         (i32.add
          (local.get $29)
          (i32.const 1)
         )
        )
        (br_if $loop1
         (i32.lt_s
          (local.get $29)
          (local.get $5)
         )
        )
       )
      )
     )
    )
   )
  )
  (call $flush_result
   (local.get $local)
  )
  (return
   (local.get $stopped)
  )
  (unreachable)
 )
