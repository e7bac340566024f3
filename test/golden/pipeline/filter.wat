 (func $run_p0_result (param $context i32) (param $local i32) (param $morsel i32) (result i32)
  (local $stopped i32)
  (local $4 i32)
  (local $5 i32)
  (local $row i32)
  (local $group i32)
  (local $8 i32)
  (local $9 i64)
  (local $10 i64)
  (local $11 i32)
  (local $12 i64)
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
  (local $29 i64)
  (local $30 i64)
  (local $31 i32)
  (local $32 i64)
  (local $33 i32)
  (local $34 i32)
  (local $35 i32)
  (local $36 i32)
  (local $37 i32)
  (local $38 i32)
  (local $39 i32)
  (local $40 i32)
  (local $41 i32)
  (local $42 i32)
  (local $43 i32)
  (local $44 i32)
  (local $45 i64)
  (local $46 i64)
  (local $47 i32)
  (local $48 i64)
  (local $49 i32)
  (local $50 i64)
  (local $51 i32)
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
     (i64.load offset=40
      (local.get $morsel)
     )
    )
    (local.set $10
     (i64.load offset=48
      (local.get $morsel)
     )
    )
    (local.set $11
     (i32.load offset=36
      (local.get $morsel)
     )
    )
    (local.set $12
     (i64.shr_u
      (i64.const -1)
      (i64.extend_i32_u
       (i32.sub
        (i32.const 64)
        (i32.shl
         (i32.const 8)
         (local.get $11)
        )
       )
      )
     )
    )
    (local.set $13
     (i32.load offset=60
      (local.get $morsel)
     )
    )
    (local.set $14
     (i32.load offset=56
      (local.get $morsel)
     )
    )
    (local.set $15
     (i32.load offset=84
      (local.get $morsel)
     )
    )
    (local.set $16
     (i32.load offset=80
      (local.get $morsel)
     )
    )
    (local.set $17
     (i32.shr_u
      (i32.const -1)
      (i32.sub
       (i32.const 32)
       (i32.shl
        (i32.const 8)
        (local.get $16)
       )
      )
     )
    )
    (local.set $18
     (i32.load offset=104
      (local.get $morsel)
     )
    )
    (local.set $19
     (i32.load offset=112
      (local.get $morsel)
     )
    )
    (local.set $20
     (i32.load offset=116
      (local.get $morsel)
     )
    )
    (local.set $21
     (i32.load offset=108
      (local.get $morsel)
     )
    )
    (local.set $22
     (i32.load offset=124
      (local.get $morsel)
     )
    )
    (local.set $23
     (i32.shr_u
      (i32.const 65535)
      (i32.sub
       (i32.const 16)
       (i32.shl
        (i32.const 8)
        (local.get $22)
       )
      )
     )
    )
    (local.set $24
     (i32.and
      (i32.ne
       (local.get $group)
       (i32.const 0)
      )
      (i32.ne
       (local.get $21)
       (i32.const 0)
      )
     )
    )
    (local.set $25
     (i32.load offset=148
      (local.get $morsel)
     )
    )
    (local.set $26
     (i32.load offset=144
      (local.get $morsel)
     )
    )
    (local.set $27
     (i32.load offset=192
      (local.get $morsel)
     )
    )
    (local.set $28
     (i32.load offset=188
      (local.get $morsel)
     )
    )
    (local.set $29
     (i64.load offset=216
      (local.get $morsel)
     )
    )
    (local.set $30
     (i64.load offset=224
      (local.get $morsel)
     )
    )
    (local.set $31
     (i32.load offset=212
      (local.get $morsel)
     )
    )
    (local.set $32
     (i64.shr_u
      (i64.const -1)
      (i64.extend_i32_u
       (i32.sub
        (i32.const 64)
        (i32.shl
         (i32.const 8)
         (local.get $31)
        )
       )
      )
     )
    )
    (local.set $33
     (i32.load offset=232
      (local.get $morsel)
     )
    )
    (local.set $34
     (i32.load offset=260
      (local.get $morsel)
     )
    )
    (local.set $35
     (i32.load offset=256
      (local.get $morsel)
     )
    )
    (local.set $36
     (i32.shr_u
      (i32.const -1)
      (i32.sub
       (i32.const 32)
       (i32.shl
        (i32.const 8)
        (local.get $35)
       )
      )
     )
    )
    (local.set $37
     (i32.load offset=280
      (local.get $morsel)
     )
    )
    (local.set $38
     (i32.load offset=276
      (local.get $morsel)
     )
    )
    (local.set $39
     (i32.load offset=320
      (local.get $morsel)
     )
    )
    (local.set $40
     (i32.load offset=364
      (local.get $morsel)
     )
    )
    (local.set $41
     (i32.load offset=368
      (local.get $morsel)
     )
    )
    (local.set $42
     (i32.load offset=384
      (local.get $morsel)
     )
    )
    (local.set $43
     (i32.load offset=412
      (local.get $morsel)
     )
    )
    (local.set $44
     (i32.load offset=408
      (local.get $morsel)
     )
    )
    (local.set $45
     (i64.load offset=436
      (local.get $morsel)
     )
    )
    (local.set $46
     (i64.load offset=444
      (local.get $morsel)
     )
    )
    (local.set $47
     (i32.load offset=432
      (local.get $morsel)
     )
    )
    (local.set $48
     (i64.shr_u
      (i64.const -1)
      (i64.extend_i32_u
       (i32.sub
        (i32.const 64)
        (i32.shl
         (i32.const 8)
         (local.get $47)
        )
       )
      )
     )
    )
    (local.set $49
     (local.get $4)
    )
    (block $end1
     (if
      (i32.lt_s
       (local.get $49)
       (local.get $5)
      )
      (then
       (loop $loop1
        (block $next1
         (block
          (local.set $row
           (local.get $49)
          )
          (block $end2
           (block
            (local.set $50
             (i64.add
              (i64.mul
               (i64.and
                (i64.load
                 (i32.add
                  (local.get $8)
                  (i32.shl
                   (local.get $row)
                   (local.get $11)
                  )
                 )
                )
                (local.get $12)
               )
               (local.get $10)
              )
              (local.get $9)
             )
            )
            (local.set $51
             (i64.lt_s
              (i64.const 20)
              (local.get $50)
             )
            )
            (br_if $end2
             (i32.eqz
              (local.get $51)
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
             (local.get $50)
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
         )
        )
        (local.set $49
         (i32.add
          (local.get $49)
          (i32.const 1)
         )
        )
        (br_if $loop1
         (i32.lt_s
          (local.get $49)
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
