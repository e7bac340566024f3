(module
 (type $0 (func (param i32 i32 i32 i32 i32)))
 (import "env" "memory" (memory $memory 1 65536 shared))
 (func $map (param $output i32) (param $count i32) (param $rows i32) (param $in0 i32) (param $in1 i32)
  (local $5 i32)
  (local $out i32)
  (local $7 i32)
  (local $8 v128)
  (local $9 i32)
  (local $10 i32)
  (local $11 v128)
  (local $12 v128)
  (local $13 i32)
  (local.set $5
   (i32.const 0)
  )
  (block $end0
   (if
    (i32.lt_s
     (local.get $5)
     (local.get $count)
    )
    (then
     (loop $loop0
      (block $next0
       (block
        (local.set $out
         (i32.load
          (i32.add
           (local.get $output)
           (i32.shl
            (local.get $5)
            (i32.const 2)
           )
          )
         )
        )
        (local.set $7
         (i32.load
          (i32.add
           (local.get $in0)
           (i32.shl
            (local.get $5)
            (i32.const 2)
           )
          )
         )
        )
        (local.set $8
         (v128.load32_splat
          (i32.add
           (local.get $in1)
           (i32.mul
            (local.get $5)
            (i32.const 4)
           )
          )
         )
        )
        (local.set $9
         (i32.const 0)
        )
        (block $end1
         (if
          (i32.lt_s
           (local.get $9)
           (local.get $rows)
          )
          (then
           (loop $loop1
            (block $next1
             (block
              (local.set $10
               (i32.add
                (local.get $7)
                (i32.mul
                 (local.get $9)
                 (i32.const 4)
                )
               )
              )
              (local.set $11
               (v128.load
                (local.get $10)
               )
              )
              (local.set $12
               (f32x4.mul
                (local.get $11)
                (local.get $8)
               )
              )
              (local.set $13
               (i32.add
                (local.get $out)
                (i32.mul
                 (local.get $9)
                 (i32.const 4)
                )
               )
              )
              (v128.store
               (local.get $13)
               (local.get $12)
              )
             )
            )
            (local.set $9
             (i32.add
              (local.get $9)
              (i32.const 4)
             )
            )
            (br_if $loop1
             (i32.lt_s
              (local.get $9)
              (local.get $rows)
             )
            )
           )
          )
         )
        )
       )
      )
      (local.set $5
       (i32.add
        (local.get $5)
        (i32.const 1)
       )
      )
      (br_if $loop0
       (i32.lt_s
        (local.get $5)
        (local.get $count)
       )
      )
     )
    )
   )
  )
 )
)
