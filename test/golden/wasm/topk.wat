(module
 (type $0 (func (param i32 i32 i32 i32 i32)))
 (import "env" "memory" (memory $memory 1 65536 shared))
 (func $topk (param $input i32) (param $output i32) (param $groups i32) (param $rows i32) (param $scratch i32)
  (local $best f32)
  (local $at i32)
  (local $flags i32)
  (local $8 i32)
  (local $table i32)
  (local $outputs i32)
  (local $11 i32)
  (local $12 i32)
  (local $13 i32)
  (local $14 f32)
  (local $15 i32)
  (local.set $flags
   (i32.add
    (local.get $scratch)
    (i32.const 40)
   )
  )
  (local.set $8
   (i32.const 0)
  )
  (block $end0
   (if
    (i32.lt_s
     (local.get $8)
     (local.get $groups)
    )
    (then
     (loop $loop0
      (block $next0
       (block
        (local.set $table
         (i32.add
          (local.get $input)
          (i32.mul
           (local.get $8)
           (i32.const 20)
          )
         )
        )
        (local.set $outputs
         (i32.add
          (local.get $output)
          (i32.mul
           (local.get $8)
           (i32.const 8)
          )
         )
        )
        (local.set $11
         (i32.const 0)
        )
        (block $end1
         (if
          (i32.lt_s
           (local.get $11)
           (local.get $rows)
          )
          (then
           (loop $loop1
            (block $next1
             (block
              (memory.fill
               (local.get $flags)
               (i32.const 0)
               (i32.const 5)
              )
              (local.set $12
               (i32.const 0)
              )
              (block $end2
               (if
                (i32.lt_s
                 (local.get $12)
                 (i32.const 2)
                )
                (then
                 (loop $loop2
                  (block $next2
                   (block
                    (local.set $at
                     (i32.const -1)
                    )
                    (local.set $13
                     (i32.const 0)
                    )
                    (block $end3
                     (if
                      (i32.lt_s
                       (local.get $13)
                       (i32.const 5)
                      )
                      (then
                       (loop $loop3
                        (block $next3
                         (block
                          (br_if $next3
                           (i32.load8_u
                            (i32.add
                             (local.get $flags)
                             (local.get $13)
                            )
                           )
                          )
                          (local.set $14
                           (f32.load
                            (i32.add
                             (i32.load
                              (i32.add
                               (local.get $table)
                               (i32.shl
                                (local.get $13)
                                (i32.const 2)
                               )
                              )
                             )
                             (i32.mul
                              (local.get $11)
                              (i32.const 4)
                             )
                            )
                           )
                          )
                          (if
                           (i32.or
                            (i32.lt_s
                             (local.get $at)
                             (i32.const 0)
                            )
                            (i32.or
                             (f32.gt
                              (local.get $14)
                              (local.get $best)
                             )
                             (i32.and
                              (f32.ne
                               (local.get $14)
                               (local.get $14)
                              )
                              (f32.eq
                               (local.get $best)
                               (local.get $best)
                              )
                             )
                            )
                           )
                           (then
                            (local.set $best
                             (local.get $14)
                            )
                            (local.set $at
                             (local.get $13)
                            )
                           )
                          )
                         )
                        )
                        (local.set $13
                         (i32.add
                          (local.get $13)
                          (i32.const 1)
                         )
                        )
                        (br_if $loop3
                         (i32.lt_s
                          (local.get $13)
                          (i32.const 5)
                         )
                        )
                       )
                      )
                     )
                    )
                    (i32.store8
                     (i32.add
                      (local.get $flags)
                      (local.get $at)
                     )
                     (i32.const 1)
                    )
                    (local.set $15
                     (i32.add
                      (i32.load
                       (i32.add
                        (local.get $outputs)
                        (i32.shl
                         (local.get $12)
                         (i32.const 2)
                        )
                       )
                      )
                      (i32.mul
                       (local.get $11)
                       (i32.const 4)
                      )
                     )
                    )
                    (f32.store
                     (local.get $15)
                     (local.get $best)
                    )
                   )
                  )
                  (local.set $12
                   (i32.add
                    (local.get $12)
                    (i32.const 1)
                   )
                  )
                  (br_if $loop2
                   (i32.lt_s
                    (local.get $12)
                    (i32.const 2)
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
              (i32.const 1)
             )
            )
            (br_if $loop1
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
      (local.set $8
       (i32.add
        (local.get $8)
        (i32.const 1)
       )
      )
      (br_if $loop0
       (i32.lt_s
        (local.get $8)
        (local.get $groups)
       )
      )
     )
    )
   )
  )
 )
)
